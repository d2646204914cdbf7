import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { assetExif, assets } from '#db/schema/tables.ts'
import { makeJpeg, makeSidecar, makeVideo, withTags } from '../../tools/test-media.suite.ts'
import { NOW, setupMedia } from '../setup.suite.ts'
import { handleExtractMetadata } from './extract-metadata.ts'

const media = await setupMedia()
const { deps, context, seedUser, seedAsset, findAsset, findExif, listJobs } = media
const extract = (assetId: AssetId) => handleExtractMetadata({ assetId }, deps, context)

test('date, zone, place, camera and words of a photo stand on its rows, and its thumbnails are due', async () => {
  const owner = await seedUser()
  const bytes = await withTags(await makeJpeg(), {
    DateTimeOriginal: '2023:07:08 21:22:23',
    OffsetTimeOriginal: '+05:45',
    'EXIF:GPSLatitude': 27.7172,
    'EXIF:GPSLatitudeRef': 'N',
    'EXIF:GPSLongitude': 85.324,
    'EXIF:GPSLongitudeRef': 'E',
    Make: 'Apple',
    Model: 'iPhone 15',
    Orientation: 6,
    Rating: 4,
    ImageDescription: 'Durbar Square',
    ISO: 200,
    FNumber: 1.8,
    ExposureTime: '1/125',
  } as never)
  const assetId = await seedAsset({ owner, bytes, name: 'IMG_1.jpg' })

  await extract(assetId)

  expect(await findAsset(assetId)).toMatchObject({
    type: 'IMAGE',
    fileCreatedAt: new Date('2023-07-08T15:37:23Z'),
    localDateTime: new Date('2023-07-08T21:22:23Z'),
    width: 200,
    height: 400,
    metadataExtractedAt: NOW,
  })
  expect(await findExif(assetId)).toMatchObject({
    timeZone: 'UTC+5:45',
    latitude: 27.7172,
    longitude: 85.324,
    make: 'Apple',
    model: 'iPhone 15',
    orientation: '6',
    exifImageWidth: 400,
    exifImageHeight: 200,
    rating: 4,
    description: 'Durbar Square',
    iso: 200,
    fNumber: 1.8,
    exposureTime: '1/125',
    fileSizeBytes: bytes.byteLength,
  })
  const jobs = await listJobs(assetId)
  expect(jobs).toContainEqual({
    name: 'make-thumbnails',
    payload: { assetId },
    requestId: context.requestId,
  })
})

test('a photo without a date falls back to the earlier time of its file, and its wall clock moves along', async () => {
  const owner = await seedUser()
  const claims = {
    fileCreatedAt: '2024-05-02T10:00:00+02:00',
    fileModifiedAt: '2024-05-01T10:00:00+02:00',
  }
  const bytes = await makeJpeg({ width: 30 })
  const assetId = await seedAsset({ owner, bytes, name: 'scan.jpg', claims })

  await extract(assetId)
  await extract(assetId)

  expect(await findAsset(assetId)).toMatchObject({
    fileCreatedAt: new Date('2024-05-01T08:00:00Z'),
    localDateTime: new Date('2024-05-01T10:00:00Z'),
  })
})

test('the sidecar that came with a photo wins where it says something', async () => {
  const owner = await seedUser()
  const bytes = await withTags(await makeJpeg(), {
    DateTimeOriginal: '2023:07:08 21:22:23',
    Make: 'Apple',
    Rating: 1,
  })
  const sidecar = makeSidecar({
    'exif:DateTimeOriginal': '2001-02-03T04:05:06+01:00',
    'xmp:Rating': '5',
    'exif:GPSLatitude': '48,8.58N',
    'exif:GPSLongitude': '11,34.5E',
  })
  const assetId = await seedAsset({ owner, bytes, name: 'a.jpg', sidecar })

  await extract(assetId)

  expect((await findAsset(assetId))?.localDateTime).toEqual(new Date('2001-02-03T04:05:06Z'))
  const exif = await findExif(assetId)
  expect(exif).toMatchObject({ rating: 5, make: 'Apple', timeZone: 'UTC+1' })
  expect(exif?.latitude).toBeCloseTo(48.143, 3)
})

test('what a person has set is left alone', async () => {
  const owner = await seedUser()
  const bytes = await withTags(await makeJpeg({ width: 60 }), {
    DateTimeOriginal: '2023:07:08 21:22:23',
    ImageDescription: 'from the camera',
    Make: 'Apple',
  })
  const assetId = await seedAsset({ owner, bytes, name: 'b.jpg' })
  const localDateTime = new Date('1999-01-01T00:00:00Z')
  await deps.db.update(assets).set({ localDateTime }).where(eq(assets.id, assetId))
  await deps.db
    .update(assetExif)
    .set({ description: 'mine', lockedProperties: ['description', 'dateTimeOriginal'] })
    .where(eq(assetExif.assetId, assetId))

  await extract(assetId)

  expect((await findAsset(assetId))?.localDateTime).toEqual(localDateTime)
  expect(await findExif(assetId)).toMatchObject({ description: 'mine', make: 'Apple' })
})

test('where exiftool cannot run, exifr reads date and camera, and the asset goes on', async () => {
  const owner = await seedUser()
  const bytes = await withTags(await makeJpeg({ width: 66 }), {
    DateTimeOriginal: '2023:07:08 21:22:23',
    Make: 'Ricoh',
  })
  const assetId = await seedAsset({ owner, bytes, name: 'c.jpg' })
  const readTags = () => Promise.reject(new Error('perl is missing'))
  const exiftool = { ...deps.exiftool, readTags }

  await handleExtractMetadata({ assetId }, { ...deps, exiftool }, context)

  expect((await findAsset(assetId))?.localDateTime).toEqual(new Date('2023-07-08T21:22:23Z'))
  expect(await findExif(assetId)).toMatchObject({ make: 'Ricoh' })
  expect((await listJobs(assetId)).map(({ name }) => name)).toContain('make-thumbnails')
})

test('a video has a duration and its size as shown', async () => {
  const owner = await seedUser()
  const upright = await makeVideo({ options: ['-pix_fmt', 'yuv420p'] })
  const bytes = await withTags(
    upright,
    { Rotation: 90, 'QuickTime:CreateDate': '2024:01:02 03:04:05' } as never,
    'v.mp4',
  )
  const assetId = await seedAsset({ owner, bytes, name: 'v.mp4' })

  await extract(assetId)

  expect(await findAsset(assetId)).toMatchObject({
    type: 'VIDEO',
    durationMs: 2000,
    width: 180,
    height: 320,
    fileCreatedAt: new Date('2024-01-02T03:04:05Z'),
  })
  expect(await findExif(assetId)).toMatchObject({ orientation: '6', fps: 10 })
})

test('the bytes correct what a wrong extension said', async () => {
  const owner = await seedUser()
  const bytes = await makeVideo()
  const assetId = await seedAsset({ owner, bytes, name: 'lies.jpg' })

  await extract(assetId)

  expect(await findAsset(assetId)).toMatchObject({ type: 'VIDEO', originalMimeType: 'video/mp4' })
})

test.each([
  ['nothing', Buffer.alloc(0), 'The file is empty.'],
  [
    'text',
    Buffer.from('dear diary'),
    'This is not an image or video that Tintype can read (it looks like text).',
  ],
  [
    'a PDF',
    Buffer.from('%PDF-1.7\n\0'),
    'This is not an image or video that Tintype can read (it looks like a PDF).',
  ],
])('%s that is named like a photo fails in words for its owner', async (_, bytes, words) => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes, name: 'x.jpg' })

  await expect(extract(assetId)).rejects.toThrow(words)
})

test('an asset that is gone is no failure', async () => {
  await expect(extract(newId<AssetId>())).resolves.toBeUndefined()
})
