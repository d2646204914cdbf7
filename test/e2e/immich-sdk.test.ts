import { createHash, randomBytes } from 'node:crypto'
import * as sdk from '@immich/sdk'
import { beforeAll, expect, test } from 'vitest'
import { type BackendUser, createAccounts, createBackend } from '#test/helpers/backend.ts'
import { makeApiKey } from '#test/helpers/immich-cli.ts'
import { buildTestEdge, startEdge } from '#test/helpers/workerd.ts'

const TIMES = {
  fileCreatedAt: '2024-05-17T10:00:00.000Z',
  fileModifiedAt: '2024-05-17T10:00:00.000Z',
}

let accounts: Awaited<ReturnType<typeof createAccounts>>
let edge: Awaited<ReturnType<typeof startEdge>>
let user: BackendUser

beforeAll(async () => {
  const backend = await createBackend()
  edge = await startEdge(await buildTestEdge(), backend.edgeVariables)
  accounts = await createAccounts(edge.url)
  user = await accounts.newUser()
  sdk.init({ baseUrl: `${edge.url}/api`, apiKey: await makeApiKey(edge.url, user) })
})

async function upload(name: string, fields: Record<string, unknown> = {}) {
  const bytes = randomBytes(2000)
  const assetData = new File([bytes], name)
  const { id, status } = await sdk.uploadAsset({
    assetMediaCreateDto: { assetData, ...TIMES, ...fields },
  })
  expect(status).toBe('created')
  return { id, checksum: createHash('sha1').update(bytes).digest('hex') }
}

test('tells about itself and the key', async () => {
  const [key, about, types, me] = await Promise.all([
    sdk.getMyApiKey(),
    sdk.getAboutInfo(),
    sdk.getSupportedMediaTypes(),
    sdk.getMyUser(),
  ])

  expect(key).toMatchObject({ name: 'command line', permissions: ['all'] })
  expect(about.version).toMatch(/^v3\./)
  expect(types.image).toContain('.heic')
  expect(me.email).toBe(user.email)
})

test('knows what is there by its hash, and counts it', async () => {
  const before = await sdk.getAssetStatistics({})
  const { id, checksum } = await upload('here.jpg')
  const absent = createHash('sha1').update('absent').digest('hex')
  const assets = [
    { id: 'here', checksum },
    { id: 'absent', checksum: absent },
  ]

  const { results } = await sdk.checkBulkUpload({ assetBulkUploadCheckDto: { assets } })
  const after = await sdk.getAssetStatistics({})

  expect(results).toEqual([
    { id: 'here', action: 'reject', reason: 'duplicate', assetId: id, isTrashed: false },
    { id: 'absent', action: 'accept' },
  ])
  expect(after.images - before.images).toBe(1)
})

test('makes an album, fills, changes, empties and deletes it', async () => {
  const [one, two] = [await upload('one.jpg'), await upload('two.mp4')]
  const ids = [one.id, two.id]

  const made = await sdk.createAlbum({ createAlbumDto: { albumName: 'Trip', assetIds: [one.id] } })
  const filed = await sdk.addAssetsToAlbum({ id: made.id, bulkIdsDto: { ids } })
  const changed = await sdk.updateAlbumInfo({
    id: made.id,
    updateAlbumDto: { description: 'by train', albumThumbnailAssetId: two.id },
  })
  const found = await sdk.getAlbumInfo({ id: made.id })
  const ofAsset = await sdk.getAllAlbums({ assetId: two.id })
  const statistics = await sdk.getAlbumStatistics()
  const removed = await sdk.removeAssetFromAlbum({ id: made.id, bulkIdsDto: { ids: [one.id] } })
  const many = await sdk.addAssetsToAlbums({
    albumsAddAssetsDto: { albumIds: [made.id], assetIds: ids },
  })
  const markers = await sdk.getAlbumMapMarkers({ id: made.id })
  await sdk.deleteAlbum({ id: made.id })

  expect(made).toMatchObject({ albumName: 'Trip', assetCount: 1, albumThumbnailAssetId: one.id })
  expect(filed).toEqual([
    { id: one.id, success: false, error: 'duplicate' },
    { id: two.id, success: true },
  ])
  expect(changed).toMatchObject({ description: 'by train', albumThumbnailAssetId: two.id })
  expect(found).toMatchObject({ id: made.id, assetCount: 2, startDate: TIMES.fileCreatedAt })
  expect(ofAsset.map(({ id }) => id)).toEqual([made.id])
  expect(statistics).toEqual({ owned: 1, shared: 0, notShared: 1 })
  expect(removed).toEqual([{ id: one.id, success: true }])
  expect(many).toEqual({ success: true })
  expect(markers).toEqual([])
  expect(await sdk.getAllAlbums({})).toEqual([])
})

test('uploads a live photo as two files', async () => {
  const motion = await upload('live.mov', { visibility: 'hidden' })
  const still = await upload('live.heic', { livePhotoVideoId: motion.id })

  const asset = await sdk.getAssetInfo({ id: still.id })
  const half = await sdk.getAssetInfo({ id: motion.id })

  expect(asset.livePhotoVideoId).toBe(motion.id)
  expect(half).toMatchObject({ visibility: 'hidden', type: 'VIDEO' })
})
