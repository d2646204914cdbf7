import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ObjectWriter } from './object-writer.ts'
import type { Storage } from './storage.ts'

const MIB = 1024 * 1024
const sha1Of = (text: string) => createHash('sha1').update(text).digest()

async function bytesOf(body: ReadableStream<Uint8Array> | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  if (body) for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

type Open = (settings?: { keysPerPage: number }) => Promise<Storage>

/** What each implementation of Storage must do, against a real store. */
export function describeStorage(name: string, open: Open) {
  describe(name, () => {
    const freshKey = (suffix = '') => `suite/${randomUUID()}${suffix}`
    const jpeg = { contentType: 'image/jpeg' }

    test('gives back what was put, with its type and size', async () => {
      const storage = await open()
      const key = freshKey('.jpg')
      const bytes = randomBytes(70_000)

      await storage.put(key, bytes, jpeg)
      const object = await storage.get(key)

      expect(await bytesOf(object?.body)).toEqual(bytes)
      expect(object).toMatchObject({ sizeBytes: 70_000, contentType: 'image/jpeg' })
      expect(object?.etag).toMatch(/^".+"$/)
    })

    test('gives back an empty object', async () => {
      const storage = await open()
      const key = freshKey()

      await storage.put(key, new Uint8Array(), jpeg)

      expect(await bytesOf((await storage.get(key))?.body)).toHaveLength(0)
    })

    test('gives a range and the size of the whole', async () => {
      const storage = await open()
      const key = freshKey()
      await storage.put(key, Buffer.from('0123456789'), jpeg)

      const object = await storage.get(key, { range: { start: 2, end: 4 } })

      expect((await bytesOf(object?.body)).toString()).toBe('234')
      expect(object?.sizeBytes).toBe(10)
    })

    test('answers undefined for what is missing, and deletes it without complaint', async () => {
      const storage = await open()
      const key = freshKey()

      expect(await storage.get(key)).toBeUndefined()
      expect(await storage.head(key)).toBeUndefined()
      expect(await storage.listParts({ key, multipartId: randomUUID() })).toBeUndefined()
      await storage.delete([key])
      await storage.abortMultipart({ key, multipartId: randomUUID() })
    })

    test('proves the SHA-1 of what was put with one', async () => {
      const storage = await open()
      const key = freshKey()
      const sha1 = createHash('sha1').update('body').digest()

      await storage.put(key, Buffer.from('body'), { ...jpeg, sha1 })
      const head = await storage.head(key)

      expect(Buffer.from(head?.sha1 ?? [])).toEqual(sha1)
      expect(head).toMatchObject({ sizeBytes: 4, contentType: 'image/jpeg' })
    })

    test('refuses bytes that differ from their SHA-1', async () => {
      const storage = await open()
      const key = freshKey()
      const sha1 = createHash('sha1').update('other').digest()

      await expect(storage.put(key, Buffer.from('body'), { ...jpeg, sha1 })).rejects.toMatchObject({
        name: 'StoreError',
        status: 400,
      })
      expect(await storage.head(key)).toBeUndefined()
    })

    test('claims no SHA-1 for what was put without one', async () => {
      const storage = await open()
      const key = freshKey()

      await storage.put(key, Buffer.from('body'), jpeg)

      expect((await storage.head(key))?.sha1).toBeUndefined()
    })

    test.each([
      'IMG 1.jpg',
      'ä ö ü.jpg',
      'a+b&c=d.jpg',
      "it's (1)*!.jpg",
      '100%.jpg',
      '日本/🙂.jpg',
      '<x>"y"',
    ])('keeps the key %j as it is', async (odd) => {
      const storage = await open()
      const prefix = `${freshKey()}/`
      const copied = `${prefix}copy/${odd}`

      await storage.put(prefix + odd, Buffer.from('body'), jpeg)
      await storage.copy(prefix + odd, copied)
      const page = await storage.list(prefix)

      expect(new Set(page.objects.map(({ key }) => key))).toEqual(new Set([prefix + odd, copied]))
      expect((await bytesOf((await storage.get(copied))?.body)).toString()).toBe('body')
      expect((await storage.head(copied))?.contentType).toBe('image/jpeg')
    })

    test('copies what still is what was meant, under another type', async () => {
      const storage = await open()
      const [from, to] = [freshKey(), freshKey()]
      await storage.put(from, Buffer.from('body'), { contentType: 'text/html' })
      const etag = (await storage.head(from))?.etag ?? ''

      const copied = await storage.copy(from, to, { ifMatch: etag, contentType: 'image/jpeg' })

      expect(copied.etag).toBe(etag)
      expect(Buffer.from(copied.sha1 ?? sha1Of('body'))).toEqual(sha1Of('body'))
      expect((await storage.head(to))?.contentType).toBe('image/jpeg')
      await expect(storage.copy(from, to, { ifMatch: '"another"' })).rejects.toMatchObject({
        name: 'StoreError',
        status: 412,
      })
    })

    test('copies in parts', async () => {
      const storage = await open()
      const [from, to] = [freshKey(), freshKey()]
      const bytes = randomBytes(5 * MIB + 17)
      await storage.put(from, bytes, jpeg)
      const ifMatch = (await storage.head(from))?.etag ?? ''

      const upload = await storage.createMultipart(to, { contentType: 'video/mp4' })
      const ranges = [
        { start: 0, end: 5 * MIB - 1 },
        { start: 5 * MIB, end: bytes.length - 1 },
      ]
      const parts = await Promise.all(
        ranges.map((range, index) =>
          storage.copyPart(from, upload, { partNumber: index + 1, range, ifMatch }),
        ),
      )
      const changed = storage.copyPart(from, upload, {
        partNumber: 1,
        range: { start: 0, end: 1 },
        ifMatch: '"another"',
      })
      await expect(changed).rejects.toMatchObject({ status: 412 })
      const etag = await storage.completeMultipart(upload, parts)

      const copy = await storage.get(to)
      expect((await bytesOf(copy?.body)).equals(bytes)).toBe(true)
      expect(copy?.etag).toBe(etag)
    })

    test('removes only what was not replaced meanwhile', async () => {
      const storage = await open()
      const key = freshKey()
      await storage.put(key, Buffer.from('first'), jpeg)
      const first = (await storage.head(key))?.etag ?? ''
      await storage.put(key, Buffer.from('second'), jpeg)
      const second = (await storage.head(key))?.etag ?? ''

      expect(await storage.deleteIfMatch(key, first)).toBe(false)
      expect((await bytesOf((await storage.get(key))?.body)).toString()).toBe('second')
      expect(await storage.deleteIfMatch(key, second)).toBe(true)
      expect(await storage.head(key)).toBeUndefined()
      expect(await storage.deleteIfMatch(key, second)).toBe(true)
    })

    test('lists a prefix page by page and deletes many', async () => {
      const storage = await open({ keysPerPage: 20 })
      const prefix = `${freshKey()}/`
      const keys = Array.from({ length: 43 }, (_, n) => `${prefix}ä +${String(n).padStart(4, '0')}`)
      await Promise.all(keys.map((key) => storage.put(key, Buffer.from('x'), jpeg)))

      const first = await storage.list(prefix)
      const second = await storage.list(prefix, first.cursor)
      const third = await storage.list(prefix, second.cursor)
      await storage.delete(keys)

      const pages = [first, second, third].map(({ objects }) => objects.map(({ key }) => key))
      expect(pages).toEqual([keys.slice(0, 20), keys.slice(20, 40), keys.slice(40)])
      expect(first.objects[0]).toMatchObject({ sizeBytes: 1 })
      expect(first.objects[0]?.modifiedAt.getTime()).toBeGreaterThan(Date.now() - 600_000)
      expect(third.cursor).toBeUndefined()
      expect((await storage.list(prefix)).objects).toEqual([])
    })

    test('joins the parts of a multipart upload in the order of their numbers', async () => {
      const storage = await open()
      const key = freshKey()
      const parts = [randomBytes(5 * MIB), randomBytes(5 * MIB), randomBytes(17)] as const

      const upload = await storage.createMultipart(key, { contentType: 'video/mp4' })
      const third = await storage.uploadPart(upload, 3, parts[2])
      const first = await storage.uploadPart(upload, 1, parts[0])
      const listed = await storage.listParts(upload)
      const second = await storage.uploadPart(upload, 2, parts[1])
      await storage.completeMultipart(upload, [third, first, second])

      expect(listed?.map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes])).toEqual([
        [1, 5 * MIB],
        [3, 17],
      ])
      const object = await storage.get(key)
      expect(object?.contentType).toBe('video/mp4')
      expect((await bytesOf(object?.body)).equals(Buffer.concat(parts))).toBe(true)
      expect(await storage.listParts(upload)).toBeUndefined()
    })

    test('forgets an aborted multipart upload', async () => {
      const storage = await open()
      const key = freshKey()
      const upload = await storage.createMultipart(key, jpeg)
      await storage.uploadPart(upload, 1, randomBytes(100))

      const before = await storage.listMultiparts(key)
      await storage.abortMultipart(upload)
      await storage.abortMultipart(upload)

      expect(before.map(({ multipartId }) => multipartId)).toEqual([upload.multipartId])
      expect(await storage.listMultiparts(key)).toEqual([])
      expect(await storage.listParts(upload)).toBeUndefined()
    })

    test('names the reason when a multipart upload cannot be completed', async () => {
      const storage = await open()
      const upload = await storage.createMultipart(freshKey(), jpeg)

      await expect(
        storage.completeMultipart(upload, [{ partNumber: 1, etag: '"none"' }]),
      ).rejects.toMatchObject({ name: 'StoreError', code: 'InvalidPart' })

      await storage.abortMultipart(upload)
    })

    test.each([
      ['nothing', 0],
      ['less than a part', 3 * MIB + 11],
      ['exactly a part', 8 * MIB],
      ['several parts', 33 * MIB + 5],
    ])('writes a stream of %s', async (_, sizeBytes) => {
      const storage = await open()
      const key = freshKey()
      const bytes = randomBytes(sizeBytes)
      const writer = new ObjectWriter({ storage, key, ...jpeg })

      for (let at = 0; at < sizeBytes; at += 700_001) {
        await writer.write(bytes.subarray(at, at + 700_001))
      }
      await writer.close()

      expect(writer.sizeBytes).toBe(sizeBytes)
      expect((await bytesOf((await storage.get(key))?.body)).equals(bytes)).toBe(true)
    })

    test('leaves nothing behind when a stream is given up', async () => {
      const storage = await open()
      const key = freshKey()
      const writer = new ObjectWriter({ storage, key, ...jpeg })
      await writer.write(randomBytes(20 * MIB))

      await writer.abort()

      expect(await storage.head(key)).toBeUndefined()
      expect(await storage.listMultiparts(key)).toEqual([])
    })
  })
}
