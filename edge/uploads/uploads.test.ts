import { createHash, randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { crc32 } from 'hash-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import { AssetResponseDto } from '#contracts/api/assets.ts'
import type { UploadDto } from '#contracts/api/uploads.ts'
import { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { verifyUpload } from '#contracts/jobs/verify-upload.ts'
import { outbox, uploads, users } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { sha1, uploadAsset } from '#test/helpers/forms.ts'
import { announcement, beginUpload, sendPuts } from '#test/helpers/presigned.ts'

const MIB = 1024 * 1024
const edge = await createTestEdge()
const storage = createNodeStorage(edge.bucket)
let user: TestUser
beforeAll(async () => {
  user = await edge.newUser()
})

const complete = (owner: TestUser, id: string) => edge.as(owner).post(`/api/uploads/${id}/complete`)
const find = async (owner: TestUser, id: string, query = ''): Promise<UploadDto> =>
  await (await edge.as(owner).get(`/api/uploads/${id}${query}`)).json()
const jobsNamed = async (name: string, text: string) =>
  (await edge.db.select().from(outbox).where(eq(outbox.name, name))).filter(({ payload }) =>
    JSON.stringify(payload).includes(text),
  )
const rowOf = async (id: string) =>
  (
    await edge.db
      .select()
      .from(uploads)
      .where(eq(uploads.id, id as never))
  )[0]
const usageOf = async (owner: TestUser) =>
  (await edge.db.select().from(users).where(eq(users.id, owner.id)))[0]?.quotaUsageBytes
const CRC32C = 0x82f63b78
const crc32cOf = async (bytes: Uint8Array) =>
  Buffer.from(await crc32(bytes, CRC32C), 'hex').toString('base64')
const crc32csOf = (parts: Uint8Array[]) => Promise.all(parts.map(crc32cOf))

describe('a small file', () => {
  test('is one PUT whose bytes the store proves, and an asset at once', async () => {
    const owner = await edge.newUser()
    const bytes = randomBytes(70_000)
    const claims = {
      latitude: 52.5,
      longitude: 13.4,
      width: 40,
      height: 30,
      timeZone: 'Europe/Berlin',
      isFavorite: true,
    }

    const upload = await beginUpload(edge, owner, { bytes, fileName: 'ä.jpg', claims })
    const statuses = await sendPuts(upload.puts, bytes)
    const response = await complete(owner, upload.id)
    const done: UploadDto = await response.json()

    expect(upload).toMatchObject({ state: 'pending', arrivedBytes: 0, arrivedParts: [] })
    expect(upload.puts).toMatchObject([{ partNumber: 1, start: 0, end: 70_000 }])
    expect(Object.keys(upload.puts[0]?.headers ?? {}).sort()).toEqual([
      'content-type',
      'if-none-match',
      'x-amz-checksum-sha1',
    ])
    expect(statuses).toEqual([200])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(done).toMatchObject({ state: 'complete', assetId: upload.assetId, puts: [] })
    const asset = AssetResponseDto.parse(
      await (await edge.as(owner).get(`/api/assets/${done.assetId}`)).json(),
    )
    expect(asset).toMatchObject({
      originalFileName: 'ä.jpg',
      fileCreatedAt: '2024-05-17T10:00:00.000Z',
      localDateTime: '2024-05-17T12:00:00.000Z',
      width: 40,
      height: 30,
      isFavorite: true,
      exifInfo: {
        latitude: 52.5,
        longitude: 13.4,
        timeZone: 'Europe/Berlin',
        fileSizeInByte: 70_000,
      },
    })
    expect(await jobsNamed(extractMetadata.name, done.assetId)).toHaveLength(1)
    expect(await usageOf(owner)).toBe(70_000)
  })

  test('answers the same when completed again', async () => {
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, user, { bytes })
    await sendPuts(upload.puts, bytes)

    const answers = await Promise.all([1, 2, 3].map(() => complete(user, upload.id)))
    const again = await complete(user, upload.id)

    const bodies = await Promise.all([...answers, again].map((response) => response.json()))
    expect(bodies.map(({ state, assetId }) => [state, assetId])).toEqual(
      bodies.map(() => ['complete', upload.assetId]),
    )
    expect(await jobsNamed(extractMetadata.name, upload.assetId)).toHaveLength(1)
  })

  test.each([
    ['other bytes', (bytes: Buffer) => Buffer.from(bytes.map((byte) => byte ^ 1)), 400],
    ['more bytes', (bytes: Buffer) => Buffer.concat([bytes, bytes]), 403],
  ])('is refused by the store with %s', async (_, change, status) => {
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, user, { bytes })
    const [put] = upload.puts

    const response = await fetch(put?.url ?? '', {
      method: 'PUT',
      headers: put?.headers ?? {},
      body: change(bytes) as BodyInit,
    })

    expect(response.status).toBe(status)
    expect((await complete(user, upload.id)).status).toBe(409)
  })

  test('is not written over', async () => {
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, user, { bytes })

    expect(await sendPuts(upload.puts, bytes)).toEqual([200])
    expect(await sendPuts(upload.puts, bytes)).toEqual([412])
  })

  test('that is not what was announced fails in words', async () => {
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, user, { bytes })
    const key = (await rowOf(upload.id))?.objectKey ?? ''
    await storage.put(key, randomBytes(100), { contentType: 'image/jpeg' })
    await edge.db.update(uploads).set({ sizeBytes: 99 }).where(eq(uploads.id, upload.id))

    const response = await complete(user, upload.id)

    expect(response.status).toBe(400)
    expect(await find(user, upload.id)).toMatchObject({
      state: 'failed',
      reason: expect.any(String),
    })
    expect(await jobsNamed(deleteObjects.name, key)).toHaveLength(1)
  })

  test('whose bytes the store cannot prove is verified by a worker', async () => {
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, user, { bytes })
    const key = (await rowOf(upload.id))?.objectKey ?? ''
    await storage.put(key, bytes, { contentType: 'image/jpeg' })

    const done: UploadDto = await (await complete(user, upload.id)).json()

    expect(done.state).toBe('verifying')
    expect(await jobsNamed(verifyUpload.name, upload.id)).toHaveLength(1)
  })
})

describe('a large file', () => {
  const bytes = randomBytes(16 * MIB + 7)
  const inParts = (whole: Buffer) =>
    [0, 8, 16].map((start) => whole.subarray(start * MIB, (start + 8) * MIB))
  const parts = inParts(bytes)

  test('goes in parts with their own checksums, and is verified by a worker', async () => {
    const upload = await beginUpload(edge, user, {
      bytes,
      fileName: 'a.mp4',
      partChecksums: await crc32csOf(parts),
    })
    const [second] = await sendPuts(upload.puts.slice(1, 2), bytes)
    const half = await find(user, upload.id)
    const rest = await sendPuts(half.puts, bytes)
    const done: UploadDto = await (await complete(user, upload.id)).json()
    const again: UploadDto = await (await complete(user, upload.id)).json()

    expect(upload.puts.map(({ start, end }) => [start / MIB, end])).toEqual([
      [0, 8 * MIB],
      [8, 16 * MIB],
      [16, bytes.length],
    ])
    expect(upload.puts[0]?.headers).toEqual({
      'x-amz-checksum-crc32c': await crc32cOf(parts[0] as Buffer),
    })
    expect([second, ...rest]).toEqual([200, 200, 200])
    expect(half).toMatchObject({ state: 'pending', arrivedParts: [2], arrivedBytes: 8 * MIB })
    expect(half.puts.map(({ partNumber }) => partNumber)).toEqual([1, 3])
    expect([done.state, again.state]).toEqual(['verifying', 'verifying'])
    expect(await jobsNamed(verifyUpload.name, upload.id)).toHaveLength(1)
    const stored = await storage.stream((await rowOf(upload.id))?.objectKey ?? '')
    expect(sha1(Buffer.concat((await stored?.toArray()) ?? []))).toEqual(sha1(bytes))
  })

  test('is refused part by part when bytes differ from their checksum or length', async () => {
    const other = randomBytes(20 * MIB)
    const upload = await beginUpload(edge, user, {
      bytes: other,
      fileName: 'b.mp4',
      partChecksums: await crc32csOf(inParts(other)),
    })

    const wrong = await sendPuts(upload.puts, randomBytes(20 * MIB))
    const short = await sendPuts(upload.puts, other.subarray(0, 19 * MIB))

    expect(wrong).toEqual([400, 400, 400])
    expect(short).toEqual([200, 200, 403])
    expect((await complete(user, upload.id)).status).toBe(409)
  })

  test('begins anew when the store has forgotten its parts', async () => {
    const owner = await edge.newUser()
    const upload = await beginUpload(edge, owner, { bytes, fileName: 'a.mp4' })
    await sendPuts(upload.puts.slice(0, 1), bytes)
    const row = await rowOf(upload.id)
    await storage.abortMultipart({ key: row?.objectKey ?? '', multipartId: row?.multipartId ?? '' })

    const resumed = await find(owner, upload.id)
    await sendPuts(resumed.puts, bytes)

    expect(resumed).toMatchObject({ arrivedParts: [], arrivedBytes: 0 })
    expect((await complete(owner, upload.id)).status).toBe(200)
  })

  test('completes when only the answer of the store got lost', async () => {
    const owner = await edge.newUser()
    const upload = await beginUpload(edge, owner, { bytes, fileName: 'a.mp4' })
    await sendPuts(upload.puts, bytes)
    const row = await rowOf(upload.id)
    const multipart = { key: row?.objectKey ?? '', multipartId: row?.multipartId ?? '' }
    await storage.completeMultipart(multipart, (await storage.listParts(multipart)) ?? [])

    expect(await find(owner, upload.id)).toMatchObject({ arrivedParts: [1, 2, 3], puts: [] })
    expect(await (await complete(owner, upload.id)).json()).toMatchObject({ state: 'verifying' })
  })

  test('gets its signed requests in portions', async () => {
    const announced = {
      ...announcement({ fileName: 'huge.mp4' }),
      sizeBytes: 100_000 * MIB,
      checksum: createHash('sha1').update('huge').digest('base64'),
    }
    const { upload } = await (await edge.as(user).post('/api/uploads', announced)).json()

    const next = await find(user, upload.id, '?from=201')

    expect(upload.puts).toHaveLength(200)
    expect(next.puts[0]?.partNumber).toBe(201)
    expect(next.puts).toHaveLength(200)
    await edge.as(user).delete(`/api/uploads/${upload.id}`)
  })
})

describe('a file that is there already', () => {
  test.each([false, true])('is told (trashed: %s)', async (isTrashed) => {
    const bytes = randomBytes(100)
    const id = await uploadAsset(edge, user, { bytes })
    if (isTrashed) await edge.as(user).delete('/api/assets', { ids: [id] })

    const response = await edge.as(user).post('/api/uploads', announcement({ bytes }))

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'duplicate', assetId: id, isTrashed })
  })

  test('is told when it came by another way meanwhile', async () => {
    const owner = await edge.newUser()
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, owner, { bytes })
    await sendPuts(upload.puts, bytes)
    const id = await uploadAsset(edge, owner, { bytes })

    const done: UploadDto = await (await complete(owner, upload.id)).json()
    const again: UploadDto = await (await complete(owner, upload.id)).json()

    expect(done).toMatchObject({ state: 'duplicate', assetId: id })
    expect(again).toMatchObject({ state: 'duplicate', assetId: id })
    expect(await usageOf(owner)).toBe(100)
    expect(await jobsNamed(deleteObjects.name, upload.assetId)).toHaveLength(1)
  })
})

test('the same file goes on where an earlier upload stopped', async () => {
  const bytes = randomBytes(20 * MIB)
  const first = await beginUpload(edge, user, { bytes, fileName: 'a.mp4' })
  await sendPuts(first.puts.slice(0, 1), bytes)

  const second = await beginUpload(edge, user, { bytes, fileName: 'renamed.mp4' })
  const list = await (await edge.as(user).get('/api/uploads')).json()

  expect(second).toMatchObject({ id: first.id, arrivedParts: [1], arrivedBytes: 8 * MIB })
  expect(list.uploads.filter(({ id }: UploadDto) => id === first.id)).toMatchObject([
    { puts: [], state: 'pending' },
  ])
})

test('the same file announced twice at once is one upload', async () => {
  const bytes = randomBytes(20 * MIB)

  const begun = await Promise.all(
    [1, 2, 3].map(() => beginUpload(edge, user, { bytes, fileName: 'a.mp4' })),
  )

  expect(new Set(begun.map(({ id }) => id)).size).toBe(1)
  const row = await rowOf(begun[0]?.id ?? '')
  const open = await storage.listMultiparts(row?.objectKey ?? '')
  expect(open.map(({ multipartId }) => multipartId)).toEqual([row?.multipartId])
})

describe('an upload that is given up', () => {
  test('takes its parts along', async () => {
    const bytes = randomBytes(20 * MIB)
    const upload = await beginUpload(edge, user, { bytes, fileName: 'a.mp4' })
    await sendPuts(upload.puts.slice(0, 1), bytes)
    const key = (await rowOf(upload.id))?.objectKey ?? ''

    const response = await edge.as(user).delete(`/api/uploads/${upload.id}`)

    expect(response.status).toBe(204)
    expect(await storage.listMultiparts(key)).toEqual([])
    expect(await rowOf(upload.id)).toBeUndefined()
    expect((await edge.as(user).get(`/api/uploads/${upload.id}`)).status).toBe(404)
  })

  test('that is an asset by now stays one', async () => {
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, user, { bytes })
    await sendPuts(upload.puts, bytes)
    await complete(user, upload.id)

    await edge.as(user).delete(`/api/uploads/${upload.id}`)

    expect((await edge.as(user).get(`/api/assets/${upload.assetId}`)).status).toBe(200)
    expect(await find(user, upload.id)).toMatchObject({ state: 'complete' })
  })
})

describe('a quota', () => {
  test('refuses an announcement that it cannot hold', async () => {
    const owner = await edge.newUser({ quotaSizeInBytes: 1000 })

    const response = await edge
      .as(owner)
      .post('/api/uploads', announcement({ bytes: randomBytes(1001) }))

    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: 'Quota has been exceeded!' })
  })

  test('is held by uploads that are completed at once', async () => {
    const owner = await edge.newUser({ quotaSizeInBytes: 1000 })
    const files = [1, 2, 3, 4].map(() => randomBytes(400))
    const begun = await Promise.all(files.map((bytes) => beginUpload(edge, owner, { bytes })))
    await Promise.all(begun.map(({ puts }, index) => sendPuts(puts, files[index] as Buffer)))

    const responses = await Promise.all(begun.map(({ id }) => complete(owner, id)))

    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 400, 400])
    expect(await usageOf(owner)).toBe(800)
  })
})

describe('a sidecar', () => {
  const send = (id: string, body: string | Buffer) =>
    edge.as(user).request(`/api/uploads/${id}/sidecar`, { method: 'PUT', body: body as BodyInit })

  test('goes with its asset', async () => {
    const bytes = randomBytes(100)
    const upload = await beginUpload(edge, user, { bytes })

    const response = await send(upload.id, '<x:xmpmeta/>')

    expect(response.status).toBe(204)
    const sidecarKey = (await rowOf(upload.id))?.sidecarKey ?? ''
    expect((await storage.head(sidecarKey))?.sizeBytes).toBe(12)
  })

  test('of more than two megabytes is refused', async () => {
    const upload = await beginUpload(edge, user, { bytes: randomBytes(100) })

    expect((await send(upload.id, Buffer.alloc(2 * MIB + 1))).status).toBe(413)
    expect((await rowOf(upload.id))?.sidecarKey).toBeNull()
  })
})

test.each([
  ['a kind of file that is not taken', { fileName: 'a.exe' }],
  ['a name without an extension', { fileName: 'photo' }],
  ['no bytes', { sizeBytes: 0 }],
  ['a checksum that is none', { checksum: 'abc' }],
  ['part checksums for a small file', { partChecksums: ['AAAAAA=='] }],
  ['no dates', { claims: {} }],
])('refuses %s', async (_, change) => {
  const response = await edge.as(user).post('/api/uploads', { ...announcement(), ...change })

  expect(response.status).toBe(400)
})

test.each([
  ['../../etc/passwd.jpg', 'passwd.jpg'],
  ['C:\\photos\\a.jpg', 'a.jpg'],
  ['a\u0000b\r\n.jpg', 'ab.jpg'],
  ['🙂 "quoted" 日本.jpg', '🙂 "quoted" 日本.jpg'],
  ['\ud800.jpg', '\ufffd.jpg'],
])('knows %j as %j', async (fileName, expected) => {
  const upload = await beginUpload(edge, user, { bytes: randomBytes(100), fileName })

  expect(upload.fileName).toBe(expected)
  expect((await rowOf(upload.id))?.objectKey).toBe(
    `upload/${user.id}/${upload.assetId.slice(-4, -2)}/${upload.assetId.slice(-2)}/${upload.assetId}.jpg`,
  )
})

test("another user's upload is not there", async () => {
  const other = await edge.newUser()
  const { id } = await beginUpload(edge, other, { bytes: randomBytes(100) })

  expect((await edge.as(user).get(`/api/uploads/${id}`)).status).toBe(404)
  expect((await complete(user, id)).status).toBe(404)
  expect((await edge.as(user).delete(`/api/uploads/${id}`)).status).toBe(404)
  expect(
    (await edge.as(user).request(`/api/uploads/${id}/sidecar`, { method: 'PUT', body: 'x' }))
      .status,
  ).toBe(404)
  const list = await (await edge.as(user).get('/api/uploads')).json()
  expect(list.uploads.map((upload: UploadDto) => upload.id)).not.toContain(id)
})
