import { expect, test } from 'vitest'
import type { AlbumId, AssetId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { insertAlbum, listAlbums } from '#db/queries/albums.ts'
import { updateAssets } from '#db/queries/assets.ts'
import { withContentIdentifier } from '#test/helpers/content-identifier.ts'
import {
  HAS_SAMPLES,
  makeJpeg,
  makeVideo,
  readSample,
  withTags,
} from '../../tools/test-media.suite.ts'
import { setupMedia } from '../setup.suite.ts'
import { handleExtractMetadata } from './extract-metadata.ts'

const { db, deps, context, seedUser, seedAsset, findAsset, findExif } = await setupMedia()
const extract = (assetId: AssetId) => handleExtractMetadata({ assetId }, deps, context)

const still = await makeJpeg({ width: 40, height: 20 })
const video = await makeVideo({ name: 'video.mov', seconds: 1 })

async function seedHalves(owner: UserId) {
  const mark = crypto.randomUUID().toUpperCase()
  const tags = { 'Keys:ContentIdentifier': mark } as never
  const motion = await withTags(video, tags, 'video.mov')
  return {
    mark,
    still: await seedAsset({ owner, name: 'IMG_1.jpg', bytes: withContentIdentifier(still, mark) }),
    motion: await seedAsset({ owner, name: 'IMG_1.mov', bytes: motion }),
  }
}

test.each([
  ['the still', ['still', 'motion']],
  ['the video', ['motion', 'still']],
] as const)('two halves find each other, %s first', async (_, order) => {
  const owner = await seedUser()
  const halves = await seedHalves(owner)

  for (const half of order) await extract(halves[half])

  expect(await findExif(halves.still)).toMatchObject({ livePhotoContentId: halves.mark })
  expect(await findAsset(halves.still)).toMatchObject({
    livePhotoVideoId: halves.motion,
    visibility: 'timeline',
  })
  expect(await findAsset(halves.motion)).toMatchObject({ visibility: 'hidden', type: 'VIDEO' })
})

test('two halves that are read at the same time find each other', async () => {
  const owner = await seedUser()
  const halves = await seedHalves(owner)

  await Promise.all([extract(halves.still), extract(halves.motion)])

  expect((await findAsset(halves.still))?.livePhotoVideoId).toBe(halves.motion)
  expect((await findAsset(halves.motion))?.visibility).toBe('hidden')
})

test('halves of different people stay apart', async () => {
  const [one, other] = [await seedUser(), await seedUser()]
  const mark = crypto.randomUUID()
  const tags = { 'Keys:ContentIdentifier': mark } as never
  const motion = await seedAsset({
    owner: other,
    name: 'IMG_1.mov',
    bytes: await withTags(video, tags, 'video.mov'),
  })
  const bytes = withContentIdentifier(still, mark)
  const photo = await seedAsset({ owner: one, name: 'IMG_1.jpg', bytes })

  await extract(motion)
  await extract(photo)

  expect((await findAsset(photo))?.livePhotoVideoId).toBeNull()
  expect((await findAsset(motion))?.visibility).toBe('timeline')
})

test('a video that becomes a half leaves its albums', async () => {
  const owner = await seedUser()
  const halves = await seedHalves(owner)
  const id = newId<AlbumId>()
  const assetIds = [halves.motion, halves.still]
  await insertAlbum(db, { id, ownerId: owner, name: 'Sea', description: '', assetIds })

  await extract(halves.motion)
  await extract(halves.still)

  expect(await listAlbums(db, { viewerId: owner, assetId: halves.motion })).toEqual([])
  expect(await listAlbums(db, { viewerId: owner })).toMatchObject([
    { assetCount: 1, thumbnailAssetId: halves.still },
  ])
})

test('what a person parted stays apart when it is read again', async () => {
  const owner = await seedUser()
  const halves = await seedHalves(owner)
  await extract(halves.motion)
  await extract(halves.still)

  const change = { livePhotoVideoId: null }
  const viewer = { viewerId: owner, seesLocked: false, requestId: 'r' }
  await updateAssets(db, { ...viewer, assetIds: [halves.still], change })
  await extract(halves.motion)
  await extract(halves.still)

  expect((await findAsset(halves.still))?.livePhotoVideoId).toBeNull()
  expect((await findAsset(halves.motion))?.visibility).toBe('timeline')
})

test.skipIf(!HAS_SAMPLES).each([
  ['IMG_0001.HEIC', 'IMG_0001.MOV'],
  ['IMG_0003.JPG', 'IMG_0003.MOV'],
])('%s and %s of a phone find each other', async (photo, film) => {
  const owner = await seedUser()
  const seed = async (name: string) =>
    await seedAsset({ owner, name, bytes: await readSample(`live/${name}`) })
  const [photoId, filmId] = [await seed(photo), await seed(film)]

  await extract(photoId)
  await extract(filmId)

  expect((await findAsset(photoId))?.livePhotoVideoId).toBe(filmId)
  expect((await findAsset(filmId))?.visibility).toBe('hidden')
})
