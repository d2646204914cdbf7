import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { AlbumId, AssetId, FaceId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { assetRow, seedAssets, seedUser } from '#test/helpers/seed.ts'
import { atomically } from './atomically.ts'
import { violates } from './database-error.ts'
import {
  albumAssetAudit,
  albumAssets,
  albumAudit,
  albums,
  albumUserAudit,
  albumUsers,
  apiKeys,
  assetAudit,
  assetExif,
  assetFaceAudit,
  assetFaces,
  assets,
  people,
  personAudit,
  sessions,
  userAudit,
  userMetadata,
  userMetadataAudit,
  users,
} from './schema/tables.ts'

const { db } = await createTestDatabase()

test('uuid_v7 is a UUIDv7 of now, and ascends', async () => {
  const { rows } = await db.execute<{ id: string }>(
    sql`select uuid_v7()::text as id from generate_series(1, 500)`,
  )

  const ids = rows.map(({ id }) => id)
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const msOf = (id = '') => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
  expect(Math.abs(msOf(ids[0]) - Date.now())).toBeLessThan(5_000)
  // 12 bits of a millisecond are a quarter of a microsecond.
  const prefixes = ids.map((id) => id.slice(0, 18))
  expect(prefixes).toEqual([...prefixes].sort())
})

test.each([
  ['users', users],
  ['user_metadata', userMetadata],
  ['sessions', sessions],
  ['api_keys', apiKeys],
  ['assets', assets],
  ['asset_exif', assetExif],
  ['people', people],
  ['asset_faces', assetFaces],
  ['albums', albums],
  ['album_users', albumUsers],
  ['album_assets', albumAssets],
] as const)(
  '%s: a change gives a new updateId and time, an idle update does not',
  async (_, table) => {
    const ownerId = await seedRowsEverywhere()
    const mine = () => sql`${whereOf(table)} = ${ownerId}`
    const read = async () =>
      (
        await db
          .select({ updateId: table.updateId, updatedAt: table.updatedAt })
          .from(table)
          .where(mine())
      )[0]
    const inserted = await read()

    await db.update(table).set({ updatedAt: table.updatedAt }).where(mine())
    const idle = await read()
    await db
      .update(table)
      .set({ updatedAt: new Date(0), updateId: inserted?.updateId ?? '' })
      .where(mine())
    const changed = await read()

    expect(idle).toEqual(inserted)
    expect(changed?.updateId && inserted && changed.updateId > inserted.updateId).toBe(true)
    expect(changed?.updatedAt.getTime()).toBeGreaterThan(Date.now() - 5_000)

    function whereOf(t: typeof table) {
      if (t === users) return users.id
      if (t === assets) return assets.ownerId
      if (t === assetExif)
        return sql`(select owner_id from assets where assets.id = ${assetExif.assetId})`
      if (t === people) return people.ownerId
      if (t === assetFaces)
        return sql`(select owner_id from assets where assets.id = ${assetFaces.assetId})`
      if (t === albums)
        return sql`(select user_id from album_users where album_id = ${albums.id} and role = 'owner')`
      if (t === albumAssets)
        return sql`(select user_id from album_users where album_id = ${albumAssets.albumId} and role = 'owner')`
      return (t as typeof sessions).userId
    }
  },
)

test('a deleted asset leaves an audit row for its owner, one for each of a statement', async () => {
  const ownerId = await seedUser(db)
  const ids = await seedAssets(db, { ownerId, count: 3 })

  await db.delete(assets).where(eq(assets.ownerId, ownerId))

  const audit = await db.select().from(assetAudit).where(eq(assetAudit.ownerId, ownerId))
  expect(audit.map(({ assetId }) => assetId).sort()).toEqual([...ids].sort())
})

test('deleted metadata leaves an audit row; a deleted user only its own', async () => {
  const ownerId = await seedUser(db)
  await db.insert(userMetadata).values([
    { userId: ownerId, key: 'preferences', value: {} },
    { userId: ownerId, key: 'license', value: {} },
  ])

  await db.delete(userMetadata).where(eq(userMetadata.key, 'license'))
  await db.delete(users).where(eq(users.id, ownerId))

  const metadataAudit = await db
    .select()
    .from(userMetadataAudit)
    .where(eq(userMetadataAudit.userId, ownerId))
  expect(metadataAudit.map(({ key }) => key)).toEqual(['license'])
  expect(await db.select().from(userAudit).where(eq(userAudit.userId, ownerId))).toHaveLength(1)
})

test('deleted people and faces leave audit rows; the faces of a deleted asset go without', async () => {
  const ownerId = await seedUser(db)
  const [kept, gone] = await seedAssets(db, { ownerId, count: 2 })
  if (!kept || !gone) throw new Error('no assets were made')
  const [inKept, inGone] = [faceRow(kept), faceRow(gone)]
  await db.insert(assetFaces).values([inKept, inGone])
  await db.insert(people).values({ id: newId(), ownerId })

  await db.delete(people).where(eq(people.ownerId, ownerId))
  await db.delete(assetFaces).where(eq(assetFaces.id, inKept.id))
  await db.delete(assets).where(eq(assets.id, gone))

  const faces = await db.select().from(assetFaceAudit).where(eq(assetFaceAudit.ownerId, ownerId))
  expect(faces.map(({ assetFaceId }) => assetFaceId)).toEqual([inKept.id])
  expect(await db.$count(personAudit, eq(personAudit.ownerId, ownerId))).toBe(1)
})

test('a deleted album tells each member; a member who goes also tells the others', async () => {
  const [ownerId, memberId] = [await seedUser(db), await seedUser(db)]
  const [assetId] = await seedAssets(db, { ownerId, count: 1 })
  const [albumId, otherId] = [newId<AlbumId>(), newId<AlbumId>()]
  for (const id of [albumId, otherId]) {
    await db.insert(albums).values({ id })
    await db.insert(albumUsers).values([
      { albumId: id, userId: ownerId, role: 'owner' },
      { albumId: id, userId: memberId, role: 'viewer' },
    ])
    if (assetId) await db.insert(albumAssets).values({ albumId: id, assetId })
  }

  await db.delete(albums).where(eq(albums.id, albumId))
  await db.delete(albumUsers).where(eq(albumUsers.userId, memberId))
  await db.delete(albumAssets).where(eq(albumAssets.albumId, otherId))

  const told = await db.select().from(albumAudit).where(eq(albumAudit.userId, memberId))
  expect(told.map((row) => row.albumId).sort()).toEqual([albumId, otherId].sort())
  const left = await db.select().from(albumUserAudit).where(eq(albumUserAudit.userId, memberId))
  expect(left.map((row) => row.albumId)).toEqual([otherId])
  const removed = await db
    .select()
    .from(albumAssetAudit)
    .where(eq(albumAssetAudit.albumId, otherId))
  expect(removed).toHaveLength(1)
})

test('a quota holds under parallel uploads, and the batch beyond it leaves nothing', async () => {
  const ownerId = await seedUser(db, { quotaSizeBytes: 1_000 })
  const upload = () =>
    atomically(db, (q) => [
      q.insert(assets).values(assetRow(ownerId)),
      q
        .update(users)
        .set({ quotaUsageBytes: sql`${users.quotaUsageBytes} + 300` })
        .where(eq(users.id, ownerId)),
    ])

  const results = await Promise.allSettled(Array.from({ length: 8 }, upload))

  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused).toHaveLength(5)
  expect(refused.every(({ reason }) => violates(reason, 'quota_exceeded'))).toBe(true)
  expect(await db.$count(assets, eq(assets.ownerId, ownerId))).toBe(3)
})

test('a quota lowered below what is used forbids growth only', async () => {
  const ownerId = await seedUser(db, { quotaSizeBytes: 1_000, quotaUsageBytes: 900 })
  const mine = eq(users.id, ownerId)

  await db.update(users).set({ quotaSizeBytes: 100 }).where(mine)
  await db.update(users).set({ quotaUsageBytes: 800, name: 'still here' }).where(mine)

  await expect(db.update(users).set({ quotaUsageBytes: 801 }).where(mine)).rejects.toThrow()
})

async function seedRowsEverywhere() {
  const ownerId = await seedUser(db)
  const [assetId] = await seedAssets(db, { ownerId, count: 1 })
  const secret = Buffer.from(ownerId)
  await db.insert(userMetadata).values({ userId: ownerId, key: 'preferences', value: {} })
  await db.insert(sessions).values({ id: newId(), userId: ownerId, tokenHash: secret })
  await db.insert(apiKeys).values({
    id: newId(),
    userId: ownerId,
    name: 'key',
    keyHash: secret,
    permissions: ['all'],
  })
  if (!assetId) throw new Error('no asset was made')
  await db.insert(assetExif).values({ assetId })
  const albumId = newId<AlbumId>()
  await db.insert(people).values({ id: newId(), ownerId })
  await db.insert(assetFaces).values(faceRow(assetId))
  await db.insert(albums).values({ id: albumId })
  await db.insert(albumUsers).values({ albumId, userId: ownerId, role: 'owner' })
  await db.insert(albumAssets).values({ albumId, assetId })
  return ownerId
}

function faceRow(assetId: AssetId) {
  const box = { boundingBoxX1: 1, boundingBoxY1: 1, boundingBoxX2: 9, boundingBoxY2: 9 }
  return { id: newId<FaceId>(), assetId, imageWidth: 10, imageHeight: 10, ...box }
}
