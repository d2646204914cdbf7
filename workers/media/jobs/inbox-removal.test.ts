import { randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { UserId } from '#contracts/ids.ts'
import { inboxPrefixOf } from '#contracts/object-keys.ts'
import { assets, inboxObjects, outbox } from '#db/schema/tables.ts'
import { INBOX_LIMITS } from '../settle-inbox-object.ts'
import { setupMedia } from '../setup.suite.ts'
import { handleImportInboxObject } from './import-inbox-object.ts'
import { handleReconcileInbox } from './reconcile-inbox.ts'

const media = await setupMedia()
const { db, storage, deps, context, seedUser, readObject } = media

const keyIn = (owner: UserId, name: string) => `${inboxPrefixOf(owner)}${name}`

async function drop(owner: UserId, name: string, bytes: Uint8Array) {
  const objectKey = keyIn(owner, name)
  await storage.put(objectKey, bytes, { contentType: 'image/jpeg' })
  return objectKey
}

const importNow = (owner: UserId, name: string) =>
  handleImportInboxObject({ ownerId: owner, objectKey: keyIn(owner, name) }, deps, context)

const listImports = async (owner: UserId) =>
  (await db.select().from(outbox).where(eq(outbox.name, 'import-inbox-object'))).filter(
    ({ payload }) => payload.ownerId === owner,
  )

const listAssets = (owner: UserId) => db.select().from(assets).where(eq(assets.ownerId, owner))

/** As if all that is noted had been noted so long ago, and its jobs had been lost. */
async function letPass(owner: UserId, ms: number) {
  const rows = await db.delete(inboxObjects).where(eq(inboxObjects.ownerId, owner)).returning()
  const older = rows.map((row) => ({ ...row, updatedAt: new Date(Date.now() - ms - 1000) }))
  await db.insert(inboxObjects).values(older)
  await db.delete(outbox)
}

describe('an object that became an asset', () => {
  test('lies there for a moment, for the tool that looks at what it sent, and then goes', async () => {
    const owner = await seedUser()
    const objectKey = await drop(owner, 'a.jpg', randomBytes(100))

    await importNow(owner, 'a.jpg')
    const [removal, ...others] = await listImports(owner)
    await importNow(owner, 'a.jpg')
    const inBetween = await storage.head(objectKey)
    await letPass(owner, INBOX_LIMITS.keptMs)
    await importNow(owner, 'a.jpg')

    expect(removal?.runAfter).toEqual(new Date(deps.clock().getTime() + INBOX_LIMITS.keptMs))
    expect(others).toEqual([])
    expect(inBetween).toBeDefined()
    expect(await storage.head(objectKey)).toBeUndefined()
    expect(await listAssets(owner)).toHaveLength(1)
    expect(await listImports(owner)).toEqual([])
  })

  test('is kept anew when the same bytes are sent again', async () => {
    const owner = await seedUser()
    const bytes = randomBytes(100)
    const objectKey = await drop(owner, 'a.jpg', bytes)
    await importNow(owner, 'a.jpg')
    await letPass(owner, INBOX_LIMITS.keptMs)
    await db
      .update(inboxObjects)
      .set({ lastModified: new Date(0) })
      .where(eq(inboxObjects.objectKey, objectKey))
    await db.delete(outbox)

    await importNow(owner, 'a.jpg')

    expect(await storage.head(objectKey)).toBeDefined()
    expect(await listImports(owner)).toHaveLength(1)
    expect(await listAssets(owner)).toHaveLength(1)
  })

  test('whose removal was lost is found by the reconcile, which reads nothing again', async () => {
    const owner = await seedUser()
    const objectKey = await drop(owner, 'a.jpg', randomBytes(100))
    await importNow(owner, 'a.jpg')
    await letPass(owner, 2 * 60_000)

    await handleReconcileInbox({}, deps, context)
    await handleReconcileInbox({}, deps, context)
    const found = await listImports(owner)
    const [row] = await db.select().from(inboxObjects).where(eq(inboxObjects.objectKey, objectKey))
    await importNow(owner, 'a.jpg')

    expect(found).toHaveLength(1)
    expect(row?.state).toBe('imported')
    expect(await storage.head(objectKey)).toBeUndefined()
  })

  test('is not removed when the original of its asset is missing, but takes its place', async () => {
    const owner = await seedUser()
    const bytes = randomBytes(100)
    await drop(owner, 'a.jpg', bytes)
    await importNow(owner, 'a.jpg')
    await letPass(owner, INBOX_LIMITS.keptMs)
    const [asset] = await listAssets(owner)
    const originalKey = asset?.originalKey ?? ''
    await storage.delete([originalKey])

    await importNow(owner, 'a.jpg')

    expect(await readObject(originalKey)).toEqual(bytes)
    expect(await media.listJobs(asset?.id ?? 'none')).toMatchObject([{ name: 'extract-metadata' }])
  })
})

test('bytes that come again bring back an original that is missing or cut', async () => {
  const owner = await seedUser()
  const bytes = randomBytes(100)
  const id = await media.seedAsset({ owner, bytes, name: 'a.jpg' })
  const originalKey = (await media.findAsset(id))?.originalKey ?? ''

  await storage.delete([originalKey])
  await drop(owner, 'missing.jpg', bytes)
  await importNow(owner, 'missing.jpg')
  const afterMissing = await readObject(originalKey)
  await storage.put(originalKey, bytes.subarray(0, 10), { contentType: 'image/jpeg' })
  await drop(owner, 'cut.jpg', bytes)
  await importNow(owner, 'cut.jpg')

  expect(afterMissing).toEqual(bytes)
  expect(await readObject(originalKey)).toEqual(bytes)
  expect(await listAssets(owner)).toHaveLength(1)
})
