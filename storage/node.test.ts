import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { createNodeStorage } from './node.ts'
import { describeStorage } from './storage.suite.ts'

const bucket = await createTestBucket()
const storage = createNodeStorage(bucket)
atEndOfFile(async () => storage.close())
const folder = await mkdtemp(join(tmpdir(), 'tintype-storage-'))
atEndOfFile(() => rm(folder, { recursive: true, force: true }))

describeStorage('the Node storage', async (settings) => {
  const opened = createNodeStorage({ ...bucket, ...settings })
  atEndOfFile(async () => opened.close())
  return opened
})

test('downloads an object into a file', async () => {
  const bytes = randomBytes(3_000_000)
  const path = join(folder, randomUUID())
  await storage.put('downloaded', bytes, { contentType: 'image/jpeg' })

  expect(await storage.download('downloaded', path)).toBe(true)
  expect((await readFile(path)).equals(bytes)).toBe(true)
  expect(await storage.download('missing', path)).toBe(false)
})

test('stops a download when told to', async () => {
  const stop = new AbortController()
  await storage.put('stopped', randomBytes(20_000_000), { contentType: 'image/jpeg' })
  const stream = await storage.stream('stopped', { signal: stop.signal })

  stop.abort()

  await expect(stream?.toArray()).rejects.toThrow()
})

test('streams part of an object', async () => {
  await storage.put('ranged', Buffer.from('0123456789'), { contentType: 'text/plain' })

  const stream = await storage.stream('ranged', { range: { start: 8, end: 9 } })

  expect(Buffer.concat((await stream?.toArray()) ?? []).toString()).toBe('89')
})

test('makes its bucket when it is missing', async () => {
  const name = `made-${randomBytes(6).toString('hex')}`
  const other = createNodeStorage({ ...bucket, bucket: name })

  await other.ensureBucket()
  await other.ensureBucket()
  await other.put('key', Buffer.from('x'), { contentType: 'text/plain' })

  expect((await other.head('key'))?.sizeBytes).toBe(1)
  await other.delete(['key'])
  other.close()
})

test('writes what arrives in pieces', async () => {
  const bytes = randomBytes(9 * 1024 * 1024)
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000)
  }

  await storage.putStream('pieces', pieces(), { contentType: 'video/mp4' })

  expect((await storage.head('pieces'))?.sizeBytes).toBe(bytes.length)
})

test('leaves nothing behind when what arrives breaks off', async () => {
  async function* broken() {
    yield randomBytes(9 * 1024 * 1024)
    throw new Error('gone')
  }

  const writing = storage.putStream('broken', broken(), { contentType: 'video/mp4' })

  await expect(writing).rejects.toThrow('gone')
  expect(await storage.head('broken')).toBeUndefined()
  expect(await storage.listMultiparts('broken')).toEqual([])
})
