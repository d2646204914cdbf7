import { createHash, randomBytes } from 'node:crypto'
import { and, eq, ne } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { importInboxObject } from '#contracts/jobs/import-inbox-object.ts'
import { inboxPrefixOf } from '#contracts/object-keys.ts'
import { findAssetByChecksum } from '#db/queries/assets.ts'
import { insertReconcile, markReconciled } from '#db/queries/inbox-reconcile.ts'
import { assets, inboxObjects, outbox, uploads, users } from '#db/schema/tables.ts'
import { HAS_SAMPLES, makeJpeg, readSample } from '#workers/tools/test-media.suite.ts'
import type { MediaDeps } from '../deps.ts'
import { INBOX_LIMITS } from '../settle-inbox-object.ts'
import { setupMedia } from '../setup.suite.ts'
import { handleDeleteObjects } from './delete-objects.ts'
import { handleExtractMetadata } from './extract-metadata.ts'
import { handleImportInboxObject } from './import-inbox-object.ts'
import { handleReconcileInbox } from './reconcile-inbox.ts'
import { handleSweepUploads } from './sweep-uploads.ts'

const MIB = 1024 * 1024
const media = await setupMedia()
const { db, storage, deps, context, seedUser, findAsset, findUser, readObject, setNow } = media

const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest()
const keyIn = (owner: UserId, name: string) => `${inboxPrefixOf(owner)}${name}`

async function drop(owner: UserId, name: string, bytes: Uint8Array, type = 'image/jpeg') {
  const objectKey = keyIn(owner, name)
  await storage.put(objectKey, bytes, { contentType: type })
  return objectKey
}

/** The removal comes with the next job. */
const LIMITS = { ...INBOX_LIMITS, keptMs: 0 }

const tryOnce = (owner: UserId, name: string, using: MediaDeps = deps) =>
  handleImportInboxObject({ ownerId: owner, objectKey: keyIn(owner, name) }, using, context, LIMITS)

/** With the jobs that follow from it. */
async function importOne(owner: UserId, name: string, using: MediaDeps = deps) {
  await tryOnce(owner, name, using)
  await runImports(owner, { using, only: keyIn(owner, name) })
}

async function findRow(owner: UserId, name: string) {
  const [row] = await db
    .select()
    .from(inboxObjects)
    .where(and(eq(inboxObjects.ownerId, owner), eq(inboxObjects.objectKey, keyIn(owner, name))))
  return row
}

const listAssets = (owner: UserId) => db.select().from(assets).where(eq(assets.ownerId, owner))

/** Runs every import that waits for this user until none is left, as the queue would. */
async function runImports(owner: UserId, { using = deps, only = '' } = {}) {
  for (;;) {
    const jobs = (
      await db.select().from(outbox).where(eq(outbox.name, 'import-inbox-object'))
    ).filter(({ payload }) => payload.ownerId === owner && ['', payload.objectKey].includes(only))
    if (jobs.length === 0) return
    for (const { id, payload } of jobs) {
      await db.delete(outbox).where(eq(outbox.id, id))
      const place = importInboxObject.payload.parse(payload)
      await handleImportInboxObject(place, using, context, LIMITS)
    }
  }
}

const reconcile = () => handleReconcileInbox({}, deps, context)

async function sweepLater() {
  setNow(new Date(Date.now() + 2 * 3_600_000))
  await handleSweepUploads({}, deps, context)
  const jobs = await db.select().from(outbox).where(eq(outbox.name, 'delete-objects'))
  for (const { id, payload } of jobs) {
    await handleDeleteObjects(payload as { keys: string[] }, deps)
    await db.delete(outbox).where(eq(outbox.id, id))
  }
}

describe('an object in an inbox', () => {
  test('becomes an asset with its name, its time and its bytes, and goes', async () => {
    const owner = await seedUser({ quotaSizeBytes: 1_000_000 })
    const bytes = await makeJpeg()
    const objectKey = await drop(owner, 'Summer 2024/IMG 1.JPG', bytes, 'application/octet-stream')
    const modifiedAt = (await storage.head(objectKey))?.modifiedAt

    await importOne(owner, 'Summer 2024/IMG 1.JPG')

    const [asset] = await listAssets(owner)
    expect(asset).toMatchObject({
      type: 'IMAGE',
      originalFileName: 'IMG 1.JPG',
      originalMimeType: 'image/jpeg',
      sizeBytes: bytes.length,
      checksum: new Uint8Array(sha1(bytes)),
      fileModifiedAt: modifiedAt,
    })
    expect(await readObject(asset?.originalKey ?? '')).toEqual(bytes)
    expect((await storage.head(asset?.originalKey ?? ''))?.contentType).toBe('image/jpeg')
    expect(await storage.head(objectKey)).toBeUndefined()
    expect((await findUser(owner))?.quotaUsageBytes).toBe(bytes.length)
    expect(await media.listJobs(asset?.id ?? 'none')).toMatchObject([{ name: 'extract-metadata' }])
    expect(await db.select().from(uploads).where(eq(uploads.ownerId, owner))).toEqual([])
  })

  test('keeps the time that rclone noted beside it', async () => {
    const owner = await seedUser()
    const objectKey = keyIn(owner, 'a.jpg')
    await storage.put(objectKey, await makeJpeg(), {
      contentType: 'image/jpeg',
      metadata: { mtime: '1714557600.5' },
    })

    await importOne(owner, 'a.jpg')

    const [asset] = await listAssets(owner)
    expect(asset?.fileModifiedAt).toEqual(new Date('2024-05-01T10:00:00.500Z'))
  })

  test('with known bytes goes, and nothing is imported twice', async () => {
    const owner = await seedUser()
    const bytes = await makeJpeg()
    await drop(owner, 'a.jpg', bytes)
    await drop(owner, 'again/b.jpg', bytes)

    await importOne(owner, 'a.jpg')
    await importOne(owner, 'again/b.jpg')
    await importOne(owner, 'again/b.jpg')

    expect(await listAssets(owner)).toHaveLength(1)
    expect((await storage.list(inboxPrefixOf(owner))).objects).toEqual([])
    expect((await storage.list(`upload/${owner}/`)).objects).toHaveLength(1)
  })

  test('with the bytes of an asset in the trash stays until that is restored or gone', async () => {
    const owner = await seedUser()
    const bytes = await makeJpeg()
    const id = await media.seedAsset({ owner, bytes, name: 'a.jpg' })
    await db
      .update(assets)
      .set({ status: 'trashed', trashedAt: new Date() })
      .where(eq(assets.id, id))
    await drop(owner, 'a.jpg', bytes)
    await importOne(owner, 'a.jpg')
    const refused = await findRow(owner, 'a.jpg')
    await reconcile()
    expect((await findRow(owner, 'a.jpg'))?.state).toBe('refused')

    await db.update(assets).set({ status: 'active', trashedAt: null }).where(eq(assets.id, id))
    await reconcile()
    await runImports(owner)

    expect(refused).toMatchObject({ state: 'refused', reason: expect.stringContaining('trash') })
    expect(await listAssets(owner)).toHaveLength(1)
    expect(await storage.head(keyIn(owner, 'a.jpg'))).toBeUndefined()
  })

  test('may be imported by several workers at once', async () => {
    const owner = await seedUser()
    await drop(owner, 'a.jpg', await makeJpeg())

    await Promise.all([1, 2, 3, 4].map(() => importOne(owner, 'a.jpg')))
    await sweepLater()

    expect(await listAssets(owner)).toHaveLength(1)
    expect((await storage.list(`upload/${owner}/`)).objects).toHaveLength(1)
    expect((await storage.list(inboxPrefixOf(owner))).objects).toEqual([])
  })

  test('that is replaced while it is imported becomes an asset of its new bytes', async () => {
    const owner = await seedUser()
    const [first, second] = [await makeJpeg({ width: 40 }), await makeJpeg({ width: 60 })]
    const objectKey = await drop(owner, 'a.jpg', first)
    const replacing: MediaDeps = {
      ...deps,
      storage: {
        ...storage,
        async copy(from, to, options) {
          if ((await storage.head(objectKey))?.sizeBytes === first.length)
            await storage.put(objectKey, second, { contentType: 'image/jpeg' })
          return await storage.copy(from, to, options)
        },
      },
    }

    await importOne(owner, 'a.jpg', replacing)
    await sweepLater()

    const [asset, ...others] = await listAssets(owner)
    expect(others).toEqual([])
    expect(Buffer.from(asset?.checksum ?? [])).toEqual(sha1(second))
    expect(await readObject(asset?.originalKey ?? '')).toEqual(second)
    expect((await storage.list(`upload/${owner}/`)).objects).toHaveLength(1)
  })

  test('that is replaced at the last moment is not removed, and is imported too', async () => {
    const owner = await seedUser()
    const [first, second] = [await makeJpeg({ width: 40 }), await makeJpeg({ width: 60 })]
    const objectKey = await drop(owner, 'a.jpg', first)
    let isReplaced = false
    const replacing: MediaDeps = {
      ...deps,
      storage: {
        ...storage,
        async deleteIfMatch(key, etag) {
          if (!isReplaced) await storage.put(objectKey, second, { contentType: 'image/jpeg' })
          isReplaced = true
          return await storage.deleteIfMatch(key, etag)
        },
      },
    }

    await importOne(owner, 'a.jpg', replacing)
    await runImports(owner)

    expect((await listAssets(owner)).map(({ checksum }) => checksum.length)).toEqual([20, 20])
    expect((await storage.list(inboxPrefixOf(owner))).objects).toEqual([])
  })

  test('that is large is copied in parts', async () => {
    const owner = await seedUser()
    const bytes = Buffer.concat([await makeJpeg(), randomBytes(16 * MIB + 5)])
    await drop(owner, 'large.jpg', bytes)
    const place = { ownerId: owner, objectKey: keyIn(owner, 'large.jpg') }

    await handleImportInboxObject(place, deps, context, {
      ...LIMITS,
      singleMaxBytes: 6 * MIB,
      partBytes: 5 * MIB,
    })

    const [asset] = await listAssets(owner)
    const head = await storage.head(asset?.originalKey ?? '')
    expect(head?.etag).toMatch(/-4"$/)
    expect((await readObject(asset?.originalKey ?? ''))?.equals(bytes)).toBe(true)
    expect(await storage.listMultiparts(asset?.originalKey ?? '')).toEqual([])
  })

  test('whose copy is not what was read never becomes an asset', async () => {
    const owner = await seedUser()
    await drop(owner, 'a.jpg', await makeJpeg())
    const other = await drop(owner, 'other.jpg', randomBytes(100))
    const lying: MediaDeps = {
      ...deps,
      storage: {
        ...storage,
        copy: async (_, to) => {
          await storage.copy(other, to)
          return { etag: '', sha1: undefined }
        },
      },
    }

    await expect(importOne(owner, 'a.jpg', lying)).rejects.toThrow('not what was copied')

    expect(await listAssets(owner)).toEqual([])
    expect(await storage.head(keyIn(owner, 'a.jpg'))).toBeDefined()
  })
})

/** A process that dies before its nth call to a store or the database: nothing that it tries afterwards happens. */
function dyingAt(n: number) {
  let calls = 0
  const live = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const value = Reflect.get(object, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          calls += 1
          if (calls >= n) throw new Error('killed')
          return Reflect.apply(value, object, args)
        }
      },
    })
  return { ...deps, db: live(db), storage: live(storage) } as MediaDeps
}

test('an import may stop between any two steps and be repeated', async () => {
  let steps = 0
  for (;;) {
    steps += 1
    const owner = await seedUser()
    const bytes = randomBytes(500)
    await drop(owner, 'a.jpg', bytes)
    const killed = await tryOnce(owner, 'a.jpg', dyingAt(steps)).then(
      () => false,
      () => true,
    )
    const removing = await tryOnce(owner, 'a.jpg', dyingAt(steps)).catch(() => 'killed')
    await importOne(owner, 'a.jpg')
    await importOne(owner, 'a.jpg')
    await sweepLater()

    const [asset, ...others] = await listAssets(owner)
    expect(others).toEqual([])
    expect(await readObject(asset?.originalKey ?? '')).toEqual(bytes)
    expect((await storage.list(`upload/${owner}/`)).objects).toHaveLength(1)
    expect((await storage.list(inboxPrefixOf(owner))).objects).toEqual([])
    expect((await findUser(owner))?.quotaUsageBytes).toBe(bytes.length)
    expect(await findRow(owner, 'a.jpg')).toMatchObject({ state: 'imported', assetId: asset?.id })
    if (!killed && removing !== 'killed') break
  }
  expect(steps).toBeGreaterThan(7)
}, 60_000)

describe('what stays', () => {
  const text = Buffer.from('just some words')

  test.each([
    ['.DS_Store', text, 'Hidden'],
    ['a/Thumbs.db', text, 'operating system'],
    ['._IMG_1.jpg', text, 'Hidden'],
    ['.thumbnails/a.jpg', text, 'hidden folder'],
    ['@eaDir/a.jpg', text, 'operating system'],
    ['IMG_1.jpg.part', text, 'still being copied'],
    ['IMG_1.jpg.a1b2c3d4.partial', text, 'still being copied'],
    ['notes.txt', text, 'looks like text'],
    ['archive.zip', Buffer.from('504b0304140000000800', 'hex'), 'not an image or video'],
    ['no extension', Buffer.alloc(300, 7), 'not an image or video'],
    ['empty.jpg', Buffer.alloc(0), 'empty'],
    ['lonely.xmp', text, 'waits for the file'],
  ])('%s stays with a reason', async (name, bytes, words) => {
    const owner = await seedUser()
    const objectKey = await drop(owner, name, bytes)

    await importOne(owner, name)
    await importOne(owner, name)

    const row = await findRow(owner, name)
    expect(row?.reason).toContain(words)
    expect(['refused', 'waiting']).toContain(row?.state)
    expect(await listAssets(owner)).toEqual([])
    expect((await storage.head(objectKey))?.sizeBytes).toBe(bytes.length)
  })

  test('a file without extension whose bytes are a picture is none of these', async () => {
    const owner = await seedUser()
    await drop(owner, 'picture', await makeJpeg())

    await importOne(owner, 'picture')

    expect(await listAssets(owner)).toMatchObject([
      { originalFileName: 'picture', originalMimeType: 'image/jpeg' },
    ])
  })

  test('what the quota does not hold stays until there is room', async () => {
    const bytes = randomBytes(600)
    const owner = await seedUser({ quotaSizeBytes: 1000 })
    await drop(owner, '1.jpg', bytes)
    await drop(owner, '2.jpg', randomBytes(600))
    await reconcile()
    await runImports(owner)
    await reconcile()
    const before = [await findRow(owner, '1.jpg'), await findRow(owner, '2.jpg')]

    await db.update(users).set({ quotaSizeBytes: 2000 }).where(eq(users.id, owner))
    await reconcile()
    await runImports(owner)

    expect(before.map((row) => row?.state).sort()).toEqual(['imported', 'refused'])
    expect(before.find((row) => row?.state === 'refused')?.reason).toContain('quota')
    expect(await listAssets(owner)).toHaveLength(2)
  })

  test('two imports at once cannot pass the quota together', async () => {
    const owner = await seedUser({ quotaSizeBytes: 1000 })
    await drop(owner, '1.jpg', randomBytes(600))
    await drop(owner, '2.jpg', randomBytes(600))

    await Promise.all([importOne(owner, '1.jpg'), importOne(owner, '2.jpg')])
    await sweepLater()

    expect(await listAssets(owner)).toHaveLength(1)
    expect((await storage.list(inboxPrefixOf(owner))).objects).toHaveLength(1)
    expect((await storage.list(`upload/${owner}/`)).objects).toHaveLength(1)
  })

  test('what lies in the inbox of a closed account stays', async () => {
    const owner = await seedUser({ status: 'deleted', deletedAt: new Date() })
    await drop(owner, 'a.jpg', await makeJpeg())
    await reconcile()
    await runImports(owner)
    expect(await findRow(owner, 'a.jpg')).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('closed'),
    })

    await db.update(users).set({ status: 'active', deletedAt: null }).where(eq(users.id, owner))
    await reconcile()
    await runImports(owner)

    expect(await listAssets(owner)).toHaveLength(1)
  })

  test("what lies in nobody's inbox is left alone", async () => {
    const nobody = '018f0000-0000-7000-8000-000000000000' as UserId
    await drop(nobody, 'a.jpg', await makeJpeg())

    await importOne(nobody, 'a.jpg')
    await reconcile()

    expect(await findRow(nobody, 'a.jpg')).toBeUndefined()
    expect(await storage.head(keyIn(nobody, 'a.jpg'))).toBeDefined()
  })
})

describe('a name', () => {
  test.each([
    ['long', `${'n'.repeat(250)}.jpg`],
    ['from right to left', 'صورة من الرحلة.jpg'],
    ['with blanks, signs and a face', "it's 100% + (1) & more 🐶.jpg"],
    ['in many folders', 'a/b/c/d/e.jpg'],
    ['with dots', '..a..b...jpg'.slice(2)],
  ])('%s is kept', async (_, name) => {
    const owner = await seedUser()
    await drop(owner, name, await makeJpeg())

    await reconcile()
    await runImports(owner)

    const [asset] = await listAssets(owner)
    expect(asset?.originalFileName).toBe(name.split('/').at(-1))
    expect(asset?.originalKey).toMatch(new RegExp(`^upload/${owner}/../../[0-9a-f-]{36}\\.jpg$`))
  })

  test('of another user makes no job', () => {
    const ownerId = '018f0000-0000-7000-8000-000000000001' as UserId
    const other = '018f0000-0000-7000-8000-000000000002' as UserId

    for (const objectKey of [
      keyIn(other, 'a.jpg'),
      'upload/x.jpg',
      'inbox/a.jpg',
      inboxPrefixOf(ownerId),
    ])
      expect(() => importInboxObject.message({ ownerId, objectKey })).toThrow()
  })
})

describe('a sidecar', () => {
  const xmp = (description: string) =>
    Buffer.from(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>
      <rdf:li xml:lang="x-default">${description}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>`)

  async function describedAs(owner: UserId) {
    const [asset] = await listAssets(owner)
    await handleExtractMetadata({ assetId: asset?.id as AssetId }, deps, context)
    return (await media.findExif(asset?.id as AssetId))?.description
  }

  test.each([
    ['before', ['a.jpg.xmp', 'a.jpg']],
    ['after', ['a.jpg', 'a.jpg.xmp']],
    ['before, by the short name', ['a.xmp', 'a.jpg']],
    ['after, by the short name', ['a.jpg', 'a.xmp']],
  ])('that comes %s its file belongs to its asset', async (_, names) => {
    const owner = await seedUser()
    for (const name of names) {
      await drop(owner, name, name.endsWith('xmp') ? xmp('from the sidecar') : await makeJpeg())
      await reconcile()
      await runImports(owner)
    }

    expect(await describedAs(owner)).toBe('from the sidecar')
    expect((await storage.list(inboxPrefixOf(owner))).objects).toEqual([])
  })

  test.each([
    [['a.jpg', 'a.jpg.xmp', 'a.xmp']],
    [['a.xmp', 'a.jpg.xmp', 'a.jpg']],
    [['a.jpg', 'a.xmp', 'a.jpg.xmp']],
  ])('with the whole name wins over the short one (%j)', async (names) => {
    const owner = await seedUser()
    for (const name of names) {
      await drop(owner, name, name.endsWith('xmp') ? xmp(name) : await makeJpeg())
      await reconcile()
      await runImports(owner)
    }

    expect(await describedAs(owner)).toBe('a.jpg.xmp')
  })

  test('in another folder, or of another name, waits', async () => {
    const owner = await seedUser()
    await drop(owner, 'one/a.jpg', await makeJpeg())
    await drop(owner, 'two/a.jpg.xmp', xmp('x'))
    await drop(owner, 'one/a.b.xmp', xmp('x'))
    await drop(owner, 'one/ab.xmp', xmp('x'))

    await reconcile()
    await runImports(owner)

    expect((await listAssets(owner))[0]?.sidecarKey).toBeNull()
    for (const name of ['two/a.jpg.xmp', 'one/a.b.xmp', 'one/ab.xmp'])
      expect((await findRow(owner, name))?.state).toBe('waiting')
  })

  test('is not held up by its own size', async () => {
    const owner = await seedUser()
    await drop(owner, 'a.jpg', await makeJpeg())
    await importOne(owner, 'a.jpg')
    await drop(owner, 'a.xmp', Buffer.concat([xmp('large'), Buffer.alloc(MIB, ' ')]))

    await importOne(owner, 'a.xmp')

    expect(await describedAs(owner)).toBe('large')
  }, 10_000)

  test('that is too large stays', async () => {
    const owner = await seedUser()
    await drop(owner, 'a.xmp', Buffer.alloc(2 * MIB + 1, 32))

    await importOne(owner, 'a.xmp')

    expect((await findRow(owner, 'a.xmp'))?.reason).toContain('2 MB')
  })
})

describe('the reconcile', () => {
  const listJobs = async (owner: UserId) =>
    (await db.select().from(outbox).where(eq(outbox.name, 'import-inbox-object'))).filter(
      ({ payload }) => payload.ownerId === owner,
    )

  test('finds what no event told of, once', async () => {
    const owner = await seedUser()
    for (let n = 0; n < 5; n += 1) await drop(owner, `${n}.jpg`, randomBytes(100))

    await reconcile()
    await reconcile()

    expect(await listJobs(owner)).toHaveLength(5)
    expect((await findRow(owner, '3.jpg'))?.state).toBe('waiting')
  })

  test('finds what was replaced', async () => {
    const owner = await seedUser()
    await drop(owner, 'notes.txt', Buffer.from('words'))
    await reconcile()
    await runImports(owner)
    await reconcile()
    const unchanged = await listJobs(owner)

    await drop(owner, 'notes.txt', await makeJpeg())
    await reconcile()
    await runImports(owner)

    expect(unchanged).toEqual([])
    expect(await listAssets(owner)).toHaveLength(1)
  })

  test('forgets what is gone', async () => {
    const owner = await seedUser()
    const objectKey = await drop(owner, 'notes.txt', Buffer.from('words'))
    await reconcile()
    await runImports(owner)
    await storage.delete([objectKey])

    await reconcile()
    await runImports(owner)

    expect(await findRow(owner, 'notes.txt')).toBeUndefined()
  })

  test('comes less often the longer it takes, and never twice at once', async () => {
    const listReconciles = () => db.select().from(outbox).where(eq(outbox.name, 'reconcile-inbox'))
    const countAfter = async (tookSeconds: number) => {
      await db.delete(outbox)
      await markReconciled(db, { tookSeconds })
      await insertReconcile(db)
      await insertReconcile(db)
      return (await listReconciles()).length
    }

    expect(await countAfter(60)).toBe(0)
    expect(await countAfter(0)).toBe(1)
  })

  test('rings again for what lost its job', async () => {
    const owner = await seedUser()
    await drop(owner, 'a.jpg', randomBytes(100))
    setNow(new Date())
    await reconcile()
    await db.delete(outbox).where(ne(outbox.name, ''))

    await reconcile()
    expect(await listJobs(owner)).toEqual([])
    setNow(new Date(Date.now() + 11 * 60_000))
    await reconcile()

    expect(await listJobs(owner)).toHaveLength(1)
  })
})

describe.skipIf(!HAS_SAMPLES)('a sample file', () => {
  test.each([
    ['wrong_ext/heic_named.jpg', 'image/heif'],
    ['wrong_ext/jpeg_named.png', 'image/jpeg'],
    ['wrong_ext/png_named.jpg', 'image/png'],
    ['names/Zürich – Straße 🐶 (1).JPG', 'image/jpeg'],
  ])('%s becomes an asset of what it is', async (name, mimeType) => {
    const owner = await seedUser()
    await drop(owner, name, await readSample(name))

    await importOne(owner, name)
    const [asset] = await listAssets(owner)
    await handleExtractMetadata({ assetId: asset?.id as AssetId }, deps, context)

    expect((await findAsset(asset?.id as AssetId))?.originalMimeType).toBe(mimeType)
    expect(asset?.originalFileName).toBe(name.split('/').at(-1))
  })

  test.each([
    'corrupt/bit_flips_dev.jpg',
    'corrupt/header_only_dev.jpg',
    'corrupt/truncated_dev.jpg',
    'corrupt/truncated_no_moov.mp4',
    'hostile/bomb_30000x30000_grey.png',
    'hostile/script.svg',
    'wrong_ext/text_named.jpg',
  ])('%s is taken as it is; its asset tells what is wrong', async (name) => {
    const owner = await seedUser()
    const bytes = await readSample(name)
    await drop(owner, name, bytes)

    await importOne(owner, name)

    const found = await findAssetByChecksum(db, { viewerId: owner, checksum: sha1(bytes) })
    expect(found).toBeDefined()
    expect(await storage.head(keyIn(owner, name))).toBeUndefined()
  })

  test('corrupt/zero_byte_dev.jpg stays', async () => {
    const owner = await seedUser()
    await drop(owner, 'zero_byte_dev.jpg', await readSample('corrupt/zero_byte_dev.jpg'))

    await importOne(owner, 'zero_byte_dev.jpg')

    expect((await findRow(owner, 'zero_byte_dev.jpg'))?.state).toBe('refused')
  })
})
