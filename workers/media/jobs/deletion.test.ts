import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { assets } from '#db/schema/tables.ts'
import { makeJpeg } from '../../tools/test-media.suite.ts'
import { NOW, setupMedia } from '../setup.suite.ts'
import { handleDeleteAsset } from './delete-asset.ts'
import { handleDeleteObjects } from './delete-objects.ts'
import { handleDeleteUser } from './delete-user.ts'
import { handleEmptyExpiredTrash } from './empty-expired-trash.ts'
import { handleMakeThumbnails } from './make-thumbnails.ts'

const media = await setupMedia()
const { db, storage, deps, context, seedUser, seedAsset, findAsset, findUser, listFiles } = media
const { listJobs } = media
const bytes = await makeJpeg({ width: 40, height: 30 })

async function seedThumbnailed(owner: UserId) {
  const assetId = await seedAsset({ owner, bytes, name: 'a.jpg', sidecar: Buffer.from('<x/>') })
  await handleMakeThumbnails({ assetId }, deps, context)
  return assetId
}

const change = (assetId: AssetId, set: Partial<typeof assets.$inferInsert>) =>
  db.update(assets).set(set).where(eq(assets.id, assetId))

async function keysOf(owner: UserId) {
  const listed = await Promise.all(
    ['upload', 'thumbs'].map((folder) => storage.list(`${folder}/${owner}/`)),
  )
  return listed.flatMap(({ objects }) => objects.map(({ key }) => key))
}

test('a deleted asset loses its objects, then its row, and its owner gets the bytes back', async () => {
  const owner = await seedUser()
  const assetId = await seedThumbnailed(owner)
  // What a job put there and did not live to name.
  await change(assetId, { status: 'deleted', derivativesVersion: 2 })
  const unnamed = objectKeys.preview({ id: assetId, ownerId: owner, derivativesVersion: 2 })
  await storage.put(unnamed, bytes, { contentType: 'image/jpeg' })

  await handleDeleteAsset({ assetId }, deps, context)
  await handleDeleteAsset({ assetId }, deps, context)

  expect(await keysOf(owner)).toEqual([])
  expect(await findAsset(assetId)).toBeUndefined()
  expect((await findUser(owner))?.quotaUsageBytes).toBe(0)
})

test('an asset that came back keeps everything', async () => {
  const owner = await seedUser()
  const assetId = await seedThumbnailed(owner)

  await handleDeleteAsset({ assetId }, deps, context)

  expect(await findAsset(assetId)).toBeDefined()
  expect((await keysOf(owner)).length).toBe(4)
})

test('objects go unless a row names them by now', async () => {
  const owner = await seedUser()
  const assetId = await seedThumbnailed(owner)
  const [preview] = await listFiles(assetId)
  const named = preview?.objectKey ?? ''
  const unnamed = `thumbs/${owner}/unnamed`
  await storage.put(unnamed, bytes, { contentType: 'image/jpeg' })

  await handleDeleteObjects({ keys: [named, unnamed] }, deps)

  expect(await storage.head(named)).toBeDefined()
  expect(await storage.head(unnamed)).toBeUndefined()
})

test('a removed user goes with everything, after the assets', async () => {
  const owner = await seedUser({ status: 'deleted' })
  const assetId = await seedThumbnailed(owner)
  await storage.put(`upload/${owner}/stray`, bytes, { contentType: 'image/jpeg' })

  await handleDeleteUser({ userId: owner }, deps, context)
  expect((await findUser(owner))?.status).toBe('removing')
  expect((await listJobs(owner)).map(({ name }) => name)).toEqual(['delete-user'])
  expect((await listJobs(assetId)).map(({ name }) => name)).toContain('delete-asset')

  await handleDeleteAsset({ assetId }, deps, context)
  await handleDeleteUser({ userId: owner }, deps, context)
  expect(await findUser(owner)).toBeUndefined()
  expect(await keysOf(owner)).toEqual([])
})

test('a user who came back stays', async () => {
  const owner = await seedUser()
  const assetId = await seedThumbnailed(owner)

  await handleDeleteUser({ userId: owner }, deps, context)

  expect(await findUser(owner)).toMatchObject({ status: 'active' })
  expect(await findAsset(assetId)).toMatchObject({ status: 'active' })
})

test('what lay in the trash for thirty days is deleted', async () => {
  const owner = await seedUser()
  const [old, young] = [
    await seedThumbnailed(owner),
    await seedAsset({ owner, bytes: await makeJpeg(), name: 'b.jpg' }),
  ]
  const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000)
  await change(old, { status: 'trashed', trashedAt: daysAgo(31) })
  await change(young, { status: 'trashed', trashedAt: daysAgo(29) })

  await handleEmptyExpiredTrash({}, deps, context)

  expect((await findAsset(old))?.status).toBe('deleted')
  expect((await findAsset(young))?.status).toBe('trashed')
  expect((await listJobs(old)).map(({ name }) => name)).toContain('delete-asset')
})
