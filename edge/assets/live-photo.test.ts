import { eq } from 'drizzle-orm'
import { beforeEach, expect, test } from 'vitest'
import type { AssetResponseDto } from '#contracts/api/assets.ts'
import type { AssetId } from '#contracts/ids.ts'
import { assets } from '#db/schema/tables.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { uploadAsset } from '#test/helpers/forms.ts'
import { beginUpload, sendPuts } from '#test/helpers/presigned.ts'

const edge = await createTestEdge()
let user: TestUser
beforeEach(async () => {
  user = await edge.newUser()
})

const find = async (id: AssetId): Promise<AssetResponseDto> =>
  await (await edge.as(user).get(`/api/assets/${id}`)).json()
const months = async (query = '') =>
  await (await edge.as(user).get(`/api/timeline/buckets${query}`)).json()

async function uploadLive() {
  const motion = await uploadAsset(edge, user, {
    fileName: 'IMG_1.mov',
    fields: { visibility: 'hidden' },
  })
  return { motion, still: await uploadAsset(edge, user, { fields: { livePhotoVideoId: motion } }) }
}

test('two uploads by form become one tile', async () => {
  const { motion, still } = await uploadLive()

  expect(await find(still)).toMatchObject({ livePhotoVideoId: motion, visibility: 'timeline' })
  expect(await find(motion)).toMatchObject({ visibility: 'hidden', livePhotoVideoId: null })
  expect(await months()).toEqual([{ timeBucket: '2024-05-01', count: 1 }])
})

test('two presigned uploads become one tile', async () => {
  const send = async (fileName: string, claims = {}) => {
    const bytes = crypto.getRandomValues(new Uint8Array(900))
    const upload = await beginUpload(edge, user, { bytes, fileName, claims })
    await sendPuts(upload.puts, bytes)
    expect((await edge.as(user).post(`/api/uploads/${upload.id}/complete`)).status).toBe(200)
    return upload.assetId
  }
  const motion = await send('IMG_1.mov')
  const still = await send('IMG_1.heic', { livePhotoVideoId: motion })

  expect(await find(still)).toMatchObject({ livePhotoVideoId: motion })
  expect(await find(motion)).toMatchObject({ visibility: 'hidden' })
})

test('both go to the trash and come back together, counted as one', async () => {
  const { motion, still } = await uploadLive()

  await edge.as(user).delete('/api/assets', { ids: [still] })
  const trashed = [await find(still), await find(motion)]
  const inTrash = await months('?isTrashed=true')
  const restored = await edge.as(user).post('/api/trash/restore/assets', { ids: [still] })

  expect(trashed.map(({ isTrashed }) => isTrashed)).toEqual([true, true])
  expect(inTrash).toEqual([{ timeBucket: '2024-05-01', count: 1 }])
  expect(await restored.json()).toEqual({ count: 1 })
  expect((await find(motion)).isTrashed).toBe(false)
  expect(await find(still)).toMatchObject({ isTrashed: false, livePhotoVideoId: motion })
})

test.each(['restore', 'empty'])('both leave a trash that is told to %s', async (what) => {
  const { motion, still } = await uploadLive()
  await edge.as(user).delete('/api/assets', { ids: [still] })

  const response = await edge.as(user).post(`/api/trash/${what}`)

  expect(await response.json()).toEqual({ count: 1 })
  const status = what === 'restore' ? 200 : 400
  for (const id of [motion, still]) {
    expect((await edge.as(user).get(`/api/assets/${id}`)).status).toBe(status)
  }
})

test('both are deleted together', async () => {
  const { motion, still } = await uploadLive()

  await edge.as(user).delete('/api/assets', { ids: [still], force: true })

  expect((await edge.as(user).get(`/api/assets/${motion}`)).status).toBe(400)
})

test('locked with its still, the video shows itself to nobody without the PIN, nor by a URL signed before', async () => {
  const { motion, still } = await uploadLive()
  const versionOf = async () =>
    (await edge.db.select().from(assets).where(eq(assets.id, motion)))[0]?.derivativesVersion
  const before = await versionOf()

  await edge.as(user).put(`/api/assets/${still}`, { visibility: 'locked' })

  expect((await edge.as(user).get(`/api/assets/${motion}`)).status).toBe(400)
  expect(await versionOf()).toBe((before ?? 0) + 1)
})

test('a video that another still shows stays', async () => {
  const { motion, still } = await uploadLive()
  await uploadAsset(edge, user, { fields: { livePhotoVideoId: motion } })

  await edge.as(user).delete('/api/assets', { ids: [still] })
  const whileTrashed = await find(motion)
  await edge.as(user).delete('/api/assets', { ids: [still], force: true })

  expect(whileTrashed.isTrashed).toBe(false)
  expect((await edge.as(user).get(`/api/assets/${motion}`)).status).toBe(200)
})

test('a person joins and parts the halves', async () => {
  const motion = await uploadAsset(edge, user, { fileName: 'a.mov' })
  const other = await uploadAsset(edge, user, { fileName: 'b.mov' })
  const still = await uploadAsset(edge, user)
  const join = async (livePhotoVideoId: AssetId | null) =>
    (await edge.as(user).put(`/api/assets/${still}`, { livePhotoVideoId })).status
  const visibilities = async () =>
    (await Promise.all([motion, other].map(find))).map(({ visibility }) => visibility)

  expect(await join(motion)).toBe(200)
  expect(await visibilities()).toEqual(['hidden', 'timeline'])
  expect(await join(other)).toBe(200)
  expect(await visibilities()).toEqual(['timeline', 'hidden'])
  expect(await join(null)).toBe(200)
  expect(await visibilities()).toEqual(['timeline', 'timeline'])
  expect(await join(still)).toBe(400)
})
