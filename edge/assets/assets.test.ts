import { eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { AssetResponseDto } from '#contracts/api/assets.ts'
import { deleteAsset } from '#contracts/jobs/delete-asset.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import { markAssetFailed } from '#db/queries/asset-work.ts'
import { assetExif, assets, outbox, sessions } from '#db/schema/tables.ts'
import { seedDerivatives } from '#test/helpers/derivatives.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { uploadAsset } from '#test/helpers/forms.ts'

const edge = await createTestEdge()
let user: TestUser
beforeAll(async () => {
  user = await edge.newUser()
})

const MISSING = '01930000-0000-7000-8000-000000000000'
const find = async (id: string, as = user) =>
  AssetResponseDto.parse(await (await edge.as(as).get(`/api/assets/${id}`)).json())
const put = (id: string, change: unknown) => edge.as(user).put(`/api/assets/${id}`, change)
const rowOf = async (id: string) =>
  (
    await edge.db
      .select()
      .from(assets)
      .where(eq(assets.id, id as never))
  )[0]
const jobsOf = async (name: string, id: string) =>
  (await edge.db.select().from(outbox).where(eq(outbox.name, name))).filter(
    ({ payload }) => payload.assetId === id,
  )
/** A session that has shown its PIN. */
async function elevated(owner: TestUser): Promise<TestUser> {
  const session = await edge.logIn(owner)
  const newest = sql`(select id from sessions where user_id = ${owner.id} order by id desc limit 1)`
  await edge.db
    .update(sessions)
    .set({ pinExpiresAt: new Date(Date.now() + 60_000) })
    .where(eq(sessions.id, newest as never))
  return session
}

describe('an asset', () => {
  test('is changed in what a person says of it, and extraction leaves that alone', async () => {
    const id = await uploadAsset(edge, user)

    const response = await put(id, {
      description: 'a "day" out 🙂',
      rating: 4,
      isFavorite: true,
      latitude: 48.1,
      longitude: -11.5,
      dateTimeOriginal: '2020-02-29T23:30:00.000+02:00',
    })

    expect(response.status).toBe(200)
    expect(AssetResponseDto.parse(await response.json())).toMatchObject({
      isFavorite: true,
      fileCreatedAt: '2020-02-29T21:30:00.000Z',
      localDateTime: '2020-02-29T23:30:00.000Z',
      exifInfo: {
        description: 'a "day" out 🙂',
        rating: 4,
        latitude: 48.1,
        longitude: -11.5,
        dateTimeOriginal: '2020-02-29T21:30:00.000Z',
        timeZone: 'UTC+2',
      },
    })
    const [exif] = await edge.db.select().from(assetExif).where(eq(assetExif.assetId, id))
    expect(exif?.lockedProperties).toEqual([
      'dateTimeOriginal',
      'description',
      'latitude',
      'longitude',
      'rating',
      'timeZone',
    ])
  })

  test('keeps what is not named', async () => {
    const id = await uploadAsset(edge, user)
    await put(id, { description: 'first', isFavorite: true })

    await put(id, { rating: 2 })

    expect(await find(id)).toMatchObject({
      isFavorite: true,
      exifInfo: { description: 'first', rating: 2 },
    })
  })

  test('loses its rating', async () => {
    const id = await uploadAsset(edge, user)
    await put(id, { rating: 2 })

    await put(id, { rating: null })

    expect((await find(id)).exifInfo?.rating).toBeNull()
  })

  test('is unchanged by nothing', async () => {
    const id = await uploadAsset(edge, user)
    const before = await find(id)

    expect((await put(id, {})).status).toBe(200)
    expect(await find(id)).toEqual(before)
  })

  test.each([
    { latitude: 3 },
    { latitude: 91, longitude: 0 },
    { rating: 6 },
    { dateTimeOriginal: 'yesterday' },
    { visibility: 'public' },
    { livePhotoVideoId: MISSING },
  ])('refuses %o', async (change) => {
    const id = await uploadAsset(edge, user)

    expect((await put(id, change)).status).toBe(400)
  })

  test('is refused in the words of Immich when it is not there', async () => {
    const response = await edge.as(user).get(`/api/assets/${MISSING}`)

    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: 'Not found or no asset.read access' })
  })
})

describe('many assets', () => {
  test('are changed at once', async () => {
    const ids = [await uploadAsset(edge, user), await uploadAsset(edge, user)]

    const response = await edge
      .as(user)
      .put('/api/assets', { ids, visibility: 'archive', dateTimeRelative: 90, description: 'both' })

    expect(response.status).toBe(204)
    for (const id of ids) {
      expect(await find(id)).toMatchObject({
        isArchived: true,
        localDateTime: '2024-05-17T11:30:00.000Z',
        exifInfo: { description: 'both' },
      })
    }
  })

  test.each([
    ['Asia/Tokyo', '2024-05-17T19:00:00.000Z'],
    ['+05:30', '2024-05-17T15:30:00.000Z'],
  ])('take the wall clock of %s', async (timeZone, localDateTime) => {
    const id = await uploadAsset(edge, user)

    await edge.as(user).put('/api/assets', { ids: [id], timeZone })

    expect(await find(id)).toMatchObject({
      localDateTime,
      fileCreatedAt: '2024-05-17T10:00:00.000Z',
      exifInfo: { timeZone },
    })
  })

  test('are all left alone when one is not theirs', async () => {
    const own = await uploadAsset(edge, user)
    const foreign = await uploadAsset(edge, await edge.newUser())

    const response = await edge
      .as(user)
      .put('/api/assets', { ids: [own, foreign], isFavorite: true })

    expect(response.status).toBe(400)
    expect((await find(own)).isFavorite).toBe(false)
  })

  test('refuse a zone that is none', async () => {
    const id = await uploadAsset(edge, user)

    expect(
      (await edge.as(user).put('/api/assets', { ids: [id], timeZone: 'Moon/Base' })).status,
    ).toBe(400)
  })
})

describe('a locked asset', () => {
  test('is there only for a session that has shown its PIN', async () => {
    const owner = await edge.newUser()
    const id = await uploadAsset(edge, owner)
    await edge.as(owner).put(`/api/assets/${id}`, { visibility: 'locked' })
    const withPin = await elevated(owner)

    expect((await edge.as(owner).get(`/api/assets/${id}`)).status).toBe(400)
    expect((await edge.as(owner).get(`/api/assets/${id}/original`)).status).toBe(400)
    expect((await edge.as(owner).put(`/api/assets/${id}`, { visibility: 'timeline' })).status).toBe(
      400,
    )
    expect((await edge.as(owner).get('/api/timeline/buckets?visibility=locked')).status).toBe(401)
    expect((await edge.as(owner).get('/api/assets/statistics?visibility=locked')).status).toBe(401)
    expect((await edge.as(withPin).get(`/api/assets/${id}`)).status).toBe(200)
    const response = await edge.as(withPin).get(`/api/assets/${id}/original`)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    await response.arrayBuffer()
    expect(
      await (await edge.as(withPin).get('/api/timeline/buckets?visibility=locked')).json(),
    ).toHaveLength(1)
  })

  test('gets its derivatives moved away from what was signed before', async () => {
    const id = await uploadAsset(edge, user)

    await put(id, { visibility: 'locked' })

    expect((await rowOf(id))?.derivativesVersion).toBe(2)
    expect(await jobsOf(makeThumbnails.name, id)).toHaveLength(1)
  })
})

describe('states', () => {
  test('tell what is made, awaited, and will never be', async () => {
    const [ready, waiting, failed] = [
      await uploadAsset(edge, user),
      await uploadAsset(edge, user),
      await uploadAsset(edge, user),
    ]
    await seedDerivatives(edge, { ownerId: user.id, assetId: ready })
    await markAssetFailed(edge.db, { assetId: failed, reason: 'no picture' })
    const foreign = await uploadAsset(edge, await edge.newUser())

    const { states } = await (
      await edge.as(user).post('/api/assets/states', { ids: [failed, ready, waiting, foreign] })
    ).json()

    expect(states).toEqual([
      { id: ready, state: 'ready', reason: null, thumbhash: 'AQID', width: 4, height: 3 },
      {
        id: waiting,
        state: 'processing',
        reason: null,
        thumbhash: null,
        width: null,
        height: null,
      },
      {
        id: failed,
        state: 'failed',
        reason: 'no picture',
        thumbhash: null,
        width: null,
        height: null,
      },
    ])
  })
})

test('statistics count photos and videos', async () => {
  const owner = await edge.newUser()
  await uploadAsset(edge, owner)
  await uploadAsset(edge, owner, { fileName: 'a.mp4', fields: { isFavorite: 'true' } })
  const trashed = await uploadAsset(edge, owner)
  await edge.as(owner).delete('/api/assets', { ids: [trashed] })
  const statistics = async (query: string) =>
    await (await edge.as(owner).get(`/api/assets/statistics${query}`)).json()

  expect(await statistics('')).toEqual({ images: 1, videos: 1, total: 2 })
  expect(await statistics('?isFavorite=true')).toEqual({ images: 0, videos: 1, total: 1 })
  expect(await statistics('?isTrashed=true')).toEqual({ images: 1, videos: 0, total: 1 })
  expect(await statistics('?visibility=archive')).toEqual({ images: 0, videos: 0, total: 0 })
})

describe('the trash', () => {
  test('takes assets and gives them back', async () => {
    const id = await uploadAsset(edge, user)

    expect((await edge.as(user).delete('/api/assets', { ids: [id] })).status).toBe(204)
    const trashed = await find(id)
    const restored = await edge.as(user).post('/api/trash/restore/assets', { ids: [id] })

    expect(trashed.isTrashed).toBe(true)
    expect((await rowOf(id))?.derivativesVersion).toBe(2)
    expect(await restored.json()).toEqual({ count: 1 })
    expect((await find(id)).isTrashed).toBe(false)
    expect((await rowOf(id))?.trashedAt).toBeNull()
  })

  test('is restored as a whole', async () => {
    const owner = await edge.newUser()
    const ids = [await uploadAsset(edge, owner), await uploadAsset(edge, owner)]
    await edge.as(owner).delete('/api/assets', { ids })

    expect(await (await edge.as(owner).post('/api/trash/restore')).json()).toEqual({ count: 2 })
    expect((await find(ids[0] ?? '', owner)).isTrashed).toBe(false)
  })

  test('is emptied for good, by a job for each asset', async () => {
    const owner = await edge.newUser()
    const ids = [await uploadAsset(edge, owner), await uploadAsset(edge, owner)]
    const kept = await uploadAsset(edge, owner)
    await edge.as(owner).delete('/api/assets', { ids })

    expect(await (await edge.as(owner).post('/api/trash/empty')).json()).toEqual({ count: 2 })

    for (const id of ids) {
      expect((await edge.as(owner).get(`/api/assets/${id}`)).status).toBe(400)
      expect(await jobsOf(deleteAsset.name, id)).toMatchObject([
        deleteAsset.message({ assetId: id }),
      ])
    }
    expect((await find(kept, owner)).isTrashed).toBe(false)
    expect(await (await edge.as(owner).post('/api/trash/empty')).json()).toEqual({ count: 0 })
  })

  test('is passed over by force', async () => {
    const id = await uploadAsset(edge, user)

    await edge.as(user).delete('/api/assets', { ids: [id], force: true })

    expect((await edge.as(user).get(`/api/assets/${id}`)).status).toBe(400)
    expect(await jobsOf(deleteAsset.name, id)).toHaveLength(1)
  })

  test.each([
    ['DELETE', '/api/assets'],
    ['POST', '/api/trash/restore/assets'],
  ])('%s %s does nothing when one asset is not theirs', async (method, path) => {
    const own = await uploadAsset(edge, user)
    const foreign = await uploadAsset(edge, await edge.newUser())

    const response = await edge.as(user).request(path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ids: [own, foreign], force: true }),
    })

    expect(response.status).toBe(400)
    expect((await find(own)).isTrashed).toBe(false)
  })
})
