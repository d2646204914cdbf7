import { randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { UploadId } from '#contracts/ids.ts'
import { PROBES } from '#contracts/object-keys.ts'
import { partsOf } from '#contracts/upload-parts.ts'
import { uploads } from '#db/schema/tables.ts'
import { setupMedia } from '../setup.suite.ts'
import { handleSweepUploads } from './sweep-uploads.ts'
import { handleVerifyUpload } from './verify-upload.ts'

const media = await setupMedia()
const { db, storage, deps, context, seedUser, seedUpload, findAsset, findUpload, findUser } = media
const { listJobs, readObject, setNow } = media
const verify = (uploadId: UploadId) => handleVerifyUpload({ uploadId }, deps, context)
const sweep = () => handleSweepUploads({}, deps, context)

const photo = { bytes: Buffer.from('any bytes will do here'), name: 'a.jpg' }
const verifying = { state: 'verifying' } as const

/** As if the upload had been begun, and nothing heard since, for so long. */
async function age(uploadId: UploadId, hours: number) {
  const upload = await findUpload(uploadId)
  setNow(new Date((upload?.updatedAt.getTime() ?? 0) + hours * 3_600_000))
}

test('bytes that are what was announced become an asset that is charged and read', async () => {
  const owner = await seedUser({ quotaSizeBytes: 1000 })
  const upload = await seedUpload({ owner, ...photo }, verifying)
  await storage.put(upload.objectKey, photo.bytes, { contentType: 'image/jpeg' })

  await verify(upload.id)
  await verify(upload.id)

  expect(await findUpload(upload.id)).toMatchObject({
    state: 'complete',
    resultAssetId: upload.assetId,
  })
  expect(await findAsset(upload.assetId)).toMatchObject({
    ownerId: owner,
    type: 'IMAGE',
    sizeBytes: photo.bytes.byteLength,
    originalFileName: 'a.jpg',
  })
  expect((await findUser(owner))?.quotaUsageBytes).toBe(photo.bytes.byteLength)
  expect(await listJobs(upload.assetId)).toEqual([
    {
      name: 'extract-metadata',
      payload: { assetId: upload.assetId },
      requestId: context.requestId,
    },
  ])
})

test.each([
  ['other bytes', Buffer.from('ANY bytes will do here'), 'not the file that was announced'],
  ['fewer bytes', Buffer.from('any bytes'), 'not the file that was announced'],
  ['no bytes', undefined, 'did not arrive'],
])('%s than announced fail the upload, and its object goes', async (_, bytes, words) => {
  const owner = await seedUser()
  const upload = await seedUpload({ owner, ...photo }, verifying)
  if (bytes) await storage.put(upload.objectKey, bytes, { contentType: 'image/jpeg' })

  await verify(upload.id)

  const failed = await findUpload(upload.id)
  expect(failed?.state).toBe('failed')
  expect(failed?.reason).toContain(words)
  expect(await findAsset(upload.assetId)).toBeUndefined()
  expect((await listJobs(upload.objectKey)).map(({ name }) => name)).toEqual(['delete-objects'])
})

test('bytes that the owner already has make a duplicate', async () => {
  const owner = await seedUser()
  const first = await media.seedAsset({ owner, ...photo })
  const upload = await seedUpload({ owner, ...photo }, verifying)
  await storage.put(upload.objectKey, photo.bytes, { contentType: 'image/jpeg' })

  await verify(upload.id)

  expect(await findUpload(upload.id)).toMatchObject({ state: 'duplicate', resultAssetId: first })
  expect((await listJobs(upload.objectKey)).map(({ name }) => name)).toEqual(['delete-objects'])
})

test('a file that the quota does not hold is refused in words', async () => {
  const owner = await seedUser({ quotaSizeBytes: 10 })
  const upload = await seedUpload({ owner, ...photo }, verifying)
  await storage.put(upload.objectKey, photo.bytes, { contentType: 'image/jpeg' })

  await verify(upload.id)

  const failed = await findUpload(upload.id)
  expect(failed?.state).toBe('failed')
  expect(failed?.reason).toContain('quota')
})

test('the sweep completes a single PUT that arrived whole and leaves young uploads alone', async () => {
  const owner = await seedUser()
  const upload = await seedUpload({ owner, ...photo })
  await storage.put(upload.objectKey, photo.bytes, {
    contentType: 'image/jpeg',
    sha1: upload.checksum ?? Buffer.alloc(0),
  })

  await age(upload.id, 0.1)
  await sweep()
  expect((await findUpload(upload.id))?.state).toBe('pending')

  await age(upload.id, 0.2)
  await sweep()
  // Where the store proves the SHA-1 the asset is there at once, else a worker hashes first.
  const state = (await findUpload(upload.id))?.state
  expect(['complete', 'verifying']).toContain(state)
  if (state === 'verifying') await verify(upload.id)
  expect(await findAsset(upload.assetId)).toBeDefined()
})

test('the sweep completes a multipart upload whose parts are all there', async () => {
  const owner = await seedUser()
  const bytes = randomBytes(17 * 1024 * 1024)
  const upload = await seedUpload({ owner, bytes, name: 'a.jpg' })
  const multipart = await storage.createMultipart(upload.objectKey, { contentType: 'image/jpeg' })
  await db
    .update(uploads)
    .set({ multipartId: multipart.multipartId })
    .where(eq(uploads.id, upload.id))
  const parts = [...partsOf(bytes.byteLength).entries()]
  const [last] = parts.splice(-1)
  for (const [index, { start, end }] of parts)
    await storage.uploadPart(multipart, index + 1, bytes.subarray(start, end))

  await age(upload.id, 1)
  await sweep()
  expect((await findUpload(upload.id))?.state).toBe('pending')

  if (!last) throw new Error('there are no parts')
  const [index, { start, end }] = last
  await storage.uploadPart(multipart, index + 1, bytes.subarray(start, end))
  await sweep()
  await verify(upload.id)

  expect((await findUpload(upload.id))?.state).toBe('complete')
  expect((await readObject(upload.objectKey))?.equals(bytes)).toBe(true)
})

test('the sweep rings again for uploads whose verification was lost', async () => {
  const owner = await seedUser()
  const upload = await seedUpload({ owner, ...photo }, verifying)

  await age(upload.id, 1)
  await sweep()
  await sweep()

  expect((await listJobs(upload.id)).map(({ name }) => name)).toEqual(['verify-upload'])
})

test.each([
  ['form', 2],
  ['presigned', 8 * 24],
] as const)('what a dead %s upload left behind is forgotten', async (kind, hours) => {
  const owner = await seedUser()
  const upload = await seedUpload(
    { owner, ...photo },
    { kind, sizeBytes: kind === 'form' ? null : 99 },
  )
  const multipart = await storage.createMultipart(upload.objectKey, { contentType: 'image/jpeg' })
  await storage.uploadPart(multipart, 1, photo.bytes)

  await age(upload.id, hours)
  await sweep()

  expect(await findUpload(upload.id)).toBeUndefined()
  expect(await storage.listParts(multipart)).toBeUndefined()
  expect((await listJobs(upload.objectKey)).map(({ name }) => name)).toEqual(['delete-objects'])
})

test('the sweep removes what a killed edge left behind when it tried the store', async () => {
  const probe = `${PROBES}left-behind`
  await storage.put(probe, photo.bytes, { contentType: 'text/plain' })

  setNow(new Date())
  await sweep()
  const whileYoung = await storage.head(probe)
  setNow(new Date(Date.now() + 2 * 3_600_000))
  await sweep()

  expect(whileYoung).toBeDefined()
  expect(await storage.head(probe)).toBeUndefined()
})
