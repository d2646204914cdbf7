import { randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { AssetResponseDto } from '#contracts/api/assets.ts'
import { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { assets, outbox, uploads, users } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { postForm, sha1, uploadAsset } from '#test/helpers/forms.ts'

const MIB = 1024 * 1024
const edge = await createTestEdge()
const storage = createNodeStorage(edge.bucket)
let user: TestUser
beforeAll(async () => {
  user = await edge.newUser()
})

const keysOf = async (owner: TestUser) =>
  (await storage.list(`upload/${owner.id}/`)).objects.map(({ key }) => key)
const uploadsOf = (owner: TestUser) =>
  edge.db.select().from(uploads).where(eq(uploads.ownerId, owner.id))
const usageOf = async (owner: TestUser) =>
  (await edge.db.select().from(users).where(eq(users.id, owner.id)))[0]?.quotaUsageBytes
const jobsFor = async (dedupeKey: string) =>
  edge.db.select().from(outbox).where(eq(outbox.dedupeKey, dedupeKey))

async function assetOf(owner: TestUser, id: string): Promise<AssetResponseDto> {
  return AssetResponseDto.parse(await (await edge.as(owner).get(`/api/assets/${id}`)).json())
}

/** Sends a body as it stands, in pieces and without a length. */
function postRaw(owner: TestUser, body: Buffer, headers: Record<string, string> = {}) {
  const pieces = new ReadableStream({
    start(controller) {
      for (let at = 0; at < body.length; at += 1000)
        controller.enqueue(body.subarray(at, at + 1000))
      controller.close()
    },
  })
  return edge.as(owner).request('/api/assets', {
    method: 'POST',
    body: pieces,
    duplex: 'half',
    headers: { 'content-type': 'multipart/form-data; boundary=B', ...headers },
  } as RequestInit & { headers: Record<string, string> })
}

const part = (disposition: string, body: Buffer | string) =>
  Buffer.concat([
    Buffer.from(`--B\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
    Buffer.from(body),
    Buffer.from('\r\n'),
  ])
const TIMES = [
  part('name="fileCreatedAt"', '2024-05-17T10:00:00.000Z'),
  part('name="fileModifiedAt"', '2024-05-17T10:00:00.000Z'),
]

test('takes a photo in and lets a job read it', async () => {
  const bytes = randomBytes(5000)

  const response = await postForm(edge, user, { bytes, fileName: 'IMG ä (1).JPG' })
  const { id, status } = await response.json()

  expect([response.status, status]).toEqual([201, 'created'])
  const asset = await assetOf(user, id)
  expect(asset).toMatchObject({
    type: 'IMAGE',
    originalFileName: 'IMG ä (1).JPG',
    originalMimeType: 'image/jpeg',
    checksum: sha1(bytes).toString('base64'),
    fileCreatedAt: '2024-05-17T10:00:00.000Z',
    fileModifiedAt: '2024-05-18T10:00:00.000Z',
    visibility: 'timeline',
    duration: null,
    exifInfo: { fileSizeInByte: 5000 },
  })
  const stored = await storage.stream(asset.originalPath)
  expect(Buffer.concat((await stored?.toArray()) ?? []).equals(bytes)).toBe(true)
  expect(await jobsFor(`extract-metadata:${id}`)).toMatchObject([
    { ...extractMetadata.message({ assetId: id }), requestId: expect.any(String) },
  ])
  expect(await uploadsOf(user)).toEqual([])
})

test('takes in a file of many parts', async () => {
  const bytes = randomBytes(27 * MIB)

  const id = await uploadAsset(edge, user, { bytes, fileName: 'film.mov' })

  const { originalPath, type } = await assetOf(user, id)
  expect(type).toBe('VIDEO')
  const stored = await storage.stream(originalPath)
  expect(sha1(Buffer.concat((await stored?.toArray()) ?? []))).toEqual(sha1(bytes))
  expect(await uploadsOf(user)).toEqual([])
})

test('reads fields in any order, a stray text field named like the file, and unknown ones', async () => {
  const bytes = randomBytes(3000)
  const body = Buffer.concat([
    part('name="assetData"', 'a stray text'),
    part('name="deviceAssetId"', 'x'),
    part('name="assetData"; filename="b.png"', bytes),
    part('name="other"; filename="c.bin"', 'ignored'),
    part('name="isFavorite"', 'true'),
    part('name="visibility"', 'archive'),
    part('name="duration"', '0:00:01.500000'),
    part('name="metadata"', '[{"key":"mobile-app","value":{}}]'),
    ...TIMES,
    Buffer.from('--B--\r\n'),
  ])

  const response = await postRaw(user, body)
  const { id } = await response.json()

  expect(response.status).toBe(201)
  expect(await assetOf(user, id)).toMatchObject({
    originalFileName: 'b.png',
    checksum: sha1(bytes).toString('base64'),
    isFavorite: true,
    visibility: 'archive',
    isArchived: true,
    duration: 1500,
  })
})

test('keeps a sidecar beside its asset', async () => {
  const id = await uploadAsset(edge, user, { sidecar: '<x:xmpmeta/>' })

  const [row] = await edge.db.select().from(assets).where(eq(assets.id, id))
  const stored = await storage.stream(row?.sidecarKey ?? '')
  expect(Buffer.concat((await stored?.toArray()) ?? []).toString()).toBe('<x:xmpmeta/>')
})

describe('a duplicate', () => {
  test('is answered with the asset that has the bytes', async () => {
    const owner = await edge.newUser()
    const bytes = randomBytes(9 * MIB)
    const first = await uploadAsset(edge, owner, { bytes })

    const response = await postForm(edge, owner, { bytes, fileName: 'other.jpg' })

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ id: first, status: 'duplicate' })
    expect(await keysOf(owner)).toHaveLength(1)
    expect(await usageOf(owner)).toBe(9 * MIB)
    expect(await uploadsOf(owner)).toEqual([])
  })

  test.each(['hex', 'base64'] as const)(
    'is seen by its %s checksum before its bytes',
    async (encoding) => {
      const bytes = randomBytes(3000)
      const first = await uploadAsset(edge, user, { bytes })

      const response = await postForm(edge, user, {
        bytes: randomBytes(10),
        headers: { 'x-immich-checksum': sha1(bytes).toString(encoding) },
      })

      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ id: first, status: 'duplicate' })
    },
  )

  test("of another user's asset is none", async () => {
    const other = await edge.newUser()
    const bytes = randomBytes(3000)
    await uploadAsset(edge, user, { bytes })

    expect((await postForm(edge, other, { bytes })).status).toBe(201)
  })

  test('of several that come at once is one asset', async () => {
    const owner = await edge.newUser()
    const bytes = randomBytes(3000)

    const responses = await Promise.all(
      Array.from({ length: 6 }, () => postForm(edge, owner, { bytes })),
    )
    const answers = await Promise.all(responses.map((response) => response.json()))

    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
    expect(answers.filter(({ status }) => status === 'created')).toHaveLength(1)
    expect(await usageOf(owner)).toBe(3000)
  })

  test('of what was deleted for good is a new asset', async () => {
    const bytes = randomBytes(3000)
    const first = await uploadAsset(edge, user, { bytes })
    await edge.as(user).delete('/api/assets', { ids: [first], force: true })

    const second = await uploadAsset(edge, user, { bytes })

    expect(second).not.toBe(first)
  })
})

describe('leaves nothing behind when', () => {
  const half = Buffer.concat([
    ...TIMES,
    part('name="assetData"; filename="a.jpg"', randomBytes(20 * MIB)),
  ])

  test.each([
    ['the form stops half-way', half.subarray(0, 18 * MIB), {}, 400],
    ['a small form stops half-way', half.subarray(0, 5000), {}, 400],
    [
      'it is not the announced file',
      Buffer.concat([half, Buffer.from('--B--')]),
      { 'x-immich-checksum': sha1(Buffer.from('x')).toString('hex') },
      400,
    ],
    [
      'a date is missing',
      Buffer.concat([
        part('name="assetData"; filename="a.jpg"', randomBytes(9 * MIB)),
        Buffer.from('--B--'),
      ]),
      {},
      400,
    ],
    [
      'the file is empty',
      Buffer.concat([
        ...TIMES,
        part('name="assetData"; filename="a.jpg"', ''),
        Buffer.from('--B--'),
      ]),
      {},
      400,
    ],
    ['there is no file', Buffer.concat([...TIMES, Buffer.from('--B--')]), {}, 400],
    [
      'the kind of file is unknown',
      Buffer.concat([
        ...TIMES,
        part('name="assetData"; filename="a.exe"', 'MZ'),
        Buffer.from('--B--'),
      ]),
      {},
      400,
    ],
    [
      'the sidecar is too large',
      Buffer.concat([
        ...TIMES,
        part('name="sidecarData"; filename="a.xmp"', Buffer.alloc(3 * MIB)),
        part('name="assetData"; filename="a.jpg"', 'x'),
        Buffer.from('--B--'),
      ]),
      {},
      413,
    ],
  ])('%s', async (_, body, headers, status) => {
    const owner = await edge.newUser()

    const response = await postRaw(owner, body, headers)

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ message: expect.any(String) })
    expect(await keysOf(owner)).toEqual([])
    expect(await uploadsOf(owner)).toEqual([])
    expect(await usageOf(owner)).toBe(0)
  })

  test('the client goes away', async () => {
    const owner = await edge.newUser()
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(half.subarray(0, 17 * MIB))
        controller.error(new Error('gone'))
      },
    })

    const response = await edge.as(owner).request('/api/assets', {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'multipart/form-data; boundary=B' },
    } as RequestInit & { headers: Record<string, string> })

    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(await keysOf(owner)).toEqual([])
    expect(await uploadsOf(owner)).toEqual([])
  })
})

describe('a quota', () => {
  test('is held by uploads that come at once', async () => {
    const owner = await edge.newUser({ quotaSizeInBytes: 10_000 })

    const responses = await Promise.all(
      Array.from({ length: 8 }, () => postForm(edge, owner, { bytes: randomBytes(3000) })),
    )
    const statuses = responses.map(({ status }) => status).sort()

    expect(statuses).toEqual([201, 201, 201, 400, 400, 400, 400, 400])
    expect(await usageOf(owner)).toBe(9000)
    expect(await uploadsOf(owner)).toEqual([])
  })

  test('refuses in the words at which the apps stop', async () => {
    const owner = await edge.newUser({ quotaSizeInBytes: 1000 })

    const response = await postForm(edge, owner, { bytes: randomBytes(1001) })

    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: 'Quota has been exceeded!' })
    expect(await keysOf(owner)).toEqual([])
  })

  test('that is exceeded after all queues the removal of the object', async () => {
    const owner = await edge.newUser({ quotaSizeInBytes: 5000 })

    await Promise.all([1, 2].map(() => postForm(edge, owner, { bytes: randomBytes(3000) })))

    const [asset] = await edge.db.select().from(assets).where(eq(assets.ownerId, owner.id))
    const orphans = (await keysOf(owner)).filter((key) => key !== asset?.originalKey)
    const jobs = await edge.db.select().from(outbox).where(eq(outbox.name, deleteObjects.name))
    const removed = jobs.flatMap(({ payload }) => payload.keys as string[])
    expect(removed).toEqual(expect.arrayContaining(orphans))
  })
})

describe('a live photo', () => {
  test('hides its motion half', async () => {
    const motion = await uploadAsset(edge, user, { fileName: 'a.mov' })

    const still = await uploadAsset(edge, user, { fields: { livePhotoVideoId: motion } })

    expect((await assetOf(user, still)).livePhotoVideoId).toBe(motion)
    expect((await assetOf(user, motion)).visibility).toBe('hidden')
  })

  test("is not made of another user's video", async () => {
    const other = await edge.newUser()
    const motion = await uploadAsset(edge, other, { fileName: 'a.mov' })

    const response = await postForm(edge, user, { fields: { livePhotoVideoId: motion } })

    expect(response.status).toBe(400)
    expect((await assetOf(other, motion)).visibility).toBe('timeline')
  })

  test('is not made of a photo', async () => {
    const photo = await uploadAsset(edge, user)

    expect((await postForm(edge, user, { fields: { livePhotoVideoId: photo } })).status).toBe(400)
  })
})

test('tells which of many files are there', async () => {
  const bytes = randomBytes(3000)
  const trashed = randomBytes(3000)
  const id = await uploadAsset(edge, user, { bytes })
  const trashedId = await uploadAsset(edge, user, { bytes: trashed })
  await edge.as(user).delete('/api/assets', { ids: [trashedId] })

  const response = await edge.as(user).post('/api/assets/bulk-upload-check', {
    assets: [
      { id: 'a', checksum: sha1(bytes).toString('hex') },
      { id: 'b', checksum: sha1(trashed).toString('base64') },
      { id: 'c', checksum: sha1(randomBytes(3)).toString('base64') },
      { id: 'd', checksum: 'nonsense' },
    ],
  })

  expect(await response.json()).toEqual({
    results: [
      { id: 'a', action: 'reject', reason: 'duplicate', assetId: id, isTrashed: false },
      { id: 'b', action: 'reject', reason: 'duplicate', assetId: trashedId, isTrashed: true },
      { id: 'c', action: 'accept' },
      { id: 'd', action: 'accept' },
    ],
  })
})
