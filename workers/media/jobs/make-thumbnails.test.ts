import { eq } from 'drizzle-orm'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { assets, outbox } from '#db/schema/tables.ts'
import { makeJpeg, makeVideo, withTags } from '../../tools/test-media.suite.ts'
import { NOW, setupMedia } from '../setup.suite.ts'
import { handleMakeThumbnails } from './make-thumbnails.ts'

const media = await setupMedia()
const { deps, context, seedUser, seedAsset, findAsset, listFiles, listJobs, readObject } = media
const make = (assetId: AssetId) => handleMakeThumbnails({ assetId }, deps, context)

async function metadataOf(key: string) {
  return await sharp(await readObject(key)).metadata()
}

test('preview and thumbnail stand upright, with Immich’s sizes and formats', async () => {
  const owner = await seedUser()
  const bytes = await withTags(await makeJpeg({ width: 3000, height: 2000 }), { Orientation: 6 })
  const assetId = await seedAsset({ owner, bytes, name: 'a.jpg' })

  await make(assetId)

  const asset = await findAsset(assetId)
  expect(asset).toMatchObject({ width: 2000, height: 3000, thumbnailedAt: NOW })
  expect(asset?.thumbhash?.byteLength).toBeGreaterThan(10)
  const files = await listFiles(assetId)
  expect(files).toMatchObject([
    { type: 'preview', contentType: 'image/jpeg', width: 1440, height: 2160 },
    { type: 'thumbnail', contentType: 'image/webp', width: 250, height: 375 },
  ])
  const preview = objectKeys.preview({ id: assetId, ownerId: owner, derivativesVersion: 1 })
  expect(await metadataOf(preview)).toMatchObject({
    format: 'jpeg',
    width: 1440,
    height: 2160,
    chromaSubsampling: '4:4:4',
  })
  // Red was left: turned clockwise it is above.
  const { data } = await sharp(await readObject(preview))
    .resize(1, 2)
    .raw()
    .toBuffer({ resolveWithObject: true })
  const [red = 0, , blue = 255] = data
  expect(red).toBeGreaterThan(200)
  expect(blue).toBeLessThan(50)
})

test.each(['jpeg', 'lzw', 'none'] as const)('a TIFF of %s pixels is shown', async (compression) => {
  const owner = await seedUser()
  const bytes = await sharp(await makeJpeg({ width: 96 }))
    .tiff({ compression })
    .toBuffer()
  const assetId = await seedAsset({ owner, bytes, name: 'a.tif' })

  await make(assetId)

  expect(await findAsset(assetId)).toMatchObject({ failureReason: null, thumbnailedAt: NOW })
})

test('running twice leaves the same', async () => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width: 90 }), name: 'a.jpg' })

  await make(assetId)
  const first = await listFiles(assetId)
  await make(assetId)

  expect((await listFiles(assetId)).map((file) => file.objectKey)).toEqual(
    first.map((file) => file.objectKey),
  )
  expect(await listJobs(first[0]?.objectKey ?? '')).toEqual([])
})

test('a raised version moves the derivatives and leaves a job for the old ones', async () => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width: 70 }), name: 'a.jpg' })
  await make(assetId)
  const before = await listFiles(assetId)
  await deps.db.update(assets).set({ derivativesVersion: 2 }).where(eq(assets.id, assetId))

  await make(assetId)

  const after = await listFiles(assetId)
  const current = { id: assetId, ownerId: owner, derivativesVersion: 2 }
  expect(after.map((file) => file.objectKey)).toEqual([
    objectKeys.preview(current),
    objectKeys.thumbnail(current),
  ])
  expect(await readObject(objectKeys.preview(current))).toBeDefined()
  const [job] = (await listJobs(before[0]?.objectKey ?? '')).filter(
    ({ name }) => name === 'delete-objects',
  )
  expect(job?.payload).toEqual({ keys: expect.arrayContaining(before.map((f) => f.objectKey)) })
})

const modelJobsOf = async (assetId: AssetId) =>
  (await listJobs(assetId))
    .filter(({ name }) => name === 'embed-image' || name === 'detect-faces')
    .map(({ name, payload, requestId }) => ({ name, payload, requestId }))

test('models get to see a new preview, and see it once', async () => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width: 75 }), name: 'a.jpg' })

  await make(assetId)
  const first = await modelJobsOf(assetId)
  await deps.db.delete(outbox)
  await deps.db.update(assets).set({ derivativesVersion: 2 }).where(eq(assets.id, assetId))
  await make(assetId)

  const { requestId } = context
  expect(first).toEqual([
    { name: 'embed-image', payload: { assetId }, requestId },
    { name: 'detect-faces', payload: { assetId }, requestId },
  ])
  expect(await modelJobsOf(assetId)).toEqual([])
})

test('the moving part of a live photo is nothing for models', async () => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width: 76 }), name: 'a.jpg' })
  await deps.db.update(assets).set({ visibility: 'hidden' }).where(eq(assets.id, assetId))

  await make(assetId)

  expect(await findAsset(assetId)).toMatchObject({ thumbnailedAt: NOW })
  expect(await modelJobsOf(assetId)).toEqual([])
})

test('derivatives of an asset that is deleted meanwhile are removed again', async () => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width: 80 }), name: 'a.jpg' })
  const deleting: typeof deps = {
    ...deps,
    storage: {
      ...deps.storage,
      async put(...args) {
        await deps.db.update(assets).set({ status: 'deleted' }).where(eq(assets.id, assetId))
        await deps.storage.put(...args)
      },
    },
  }

  await handleMakeThumbnails({ assetId }, deleting, context)

  expect(await listFiles(assetId)).toEqual([])
  expect((await listJobs(`${assetId}-1-`)).map(({ name }) => name)).toEqual(['delete-objects'])
})

test('a video shows a frame of itself, turned as it plays', async () => {
  const owner = await seedUser()
  const video = await makeVideo({ options: ['-pix_fmt', 'yuv420p'] })
  const bytes = await withTags(video, { Rotation: 90 } as never, 'v.mp4')
  const assetId = await seedAsset({ owner, bytes, name: 'v.mp4' })

  await make(assetId)

  expect(await listFiles(assetId)).toMatchObject([
    { type: 'preview', width: 180, height: 320 },
    { type: 'thumbnail', width: 180, height: 320 },
  ])
})

test('a later success clears an earlier failure', async () => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width: 50 }), name: 'a.jpg' })
  await deps.db.update(assets).set({ failureReason: 'broken' }).where(eq(assets.id, assetId))

  await make(assetId)

  expect((await findAsset(assetId))?.failureReason).toBeNull()
})

test('a picture that ends in the middle shows what is there; one without pixels says what is wrong', async () => {
  const owner = await seedUser()
  const whole = await makeJpeg({ width: 1200, height: 900 })
  const half = whole.subarray(0, Math.floor(whole.byteLength * 0.6))
  const partly = await seedAsset({ owner, bytes: half, name: 'half.jpg' })
  const headless = await seedAsset({ owner, bytes: whole.subarray(0, 200), name: 'head.jpg' })

  await make(partly)

  expect((await listFiles(partly)).length).toBe(2)
  await expect(make(headless)).rejects.toThrow('The file ends in the middle')
})

test('a huge progressive JPEG is decoded in a child process, and stands upright', async () => {
  const owner = await seedUser()
  const huge = await sharp({
    create: { width: 10_400, height: 10_000, channels: 3, background: '#a00' },
  })
    .jpeg({ progressive: true, quality: 30 })
    .toBuffer()
  const bytes = await withTags(huge, { Orientation: 6 })
  const assetId = await seedAsset({ owner, bytes, name: 'huge.jpg' })

  await make(assetId)

  expect(await findAsset(assetId)).toMatchObject({ width: 10_000, height: 10_400 })
  expect(await listFiles(assetId)).toMatchObject([{ width: 1440, height: 1498 }, { width: 250 }])
}, 60_000)

test('an original that is missing from the store is said to be', async () => {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width: 44 }), name: 'a.jpg' })
  await deps.storage.delete([(await findAsset(assetId))?.originalKey ?? ''])

  await expect(make(assetId)).rejects.toThrow('The file is missing from the store.')
})
