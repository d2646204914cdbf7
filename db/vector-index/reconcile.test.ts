import { sql } from 'drizzle-orm'
import pg from 'pg'
import { expect, test } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { connectPg } from '#db/node.ts'
import { openSpace, writeClipVectors } from '#db/queries/vector-spaces.ts'
import { findNearest, findVectorSearch, vectorLiteral } from '#db/queries/vectors.ts'
import { assets } from '#db/schema/tables.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { seedAssets, seedUser } from '#test/helpers/seed.ts'
import { reconcileVectorIndexes } from './reconcile.ts'

async function setup() {
  const database = await createTestDatabase()
  const { db } = database
  const ownerId = await seedUser(db)
  const ids = await seedAssets(db, { ownerId, count: 20 })
  const space = await openSpace(db, { kind: 'clip', model: 'x', dimension: 4 })
  const vectors = ids.map((assetId, at) => ({
    assetId,
    embedding: [Math.cos(at), Math.sin(at), 0, 0],
  }))
  await writeClipVectors(db, { spaceId: space.id, rows: vectors })
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  const name = `clip_vectors_${space.id}_nearest`
  const said: string[] = []
  return {
    ...{ db, appUrl: database.appUrl, ids, name, owner, said, table: `clip_vectors_${space.id}` },
    reconcile: () => reconcileVectorIndexes(owner, (message) => said.push(message)),
    indexes: async () =>
      (
        await owner.query<{ name: string }>(
          `select indexname as name from pg_indexes where indexname like $1 order by 1`,
          [`${name}%`],
        )
      ).rows.map((row) => row.name),
    nearest: async () => {
      const search = await findVectorSearch(db, 'clip')
      if (!search) throw new Error('no active space')
      const candidates = { id: sql`${assets.id}`, from: sql`${assets}`, where: sql`true`, ownerId }
      const target = vectorLiteral([1, 0, 0, 0])
      return await findNearest<AssetId>(db, { search, target, candidates, limit: 3 })
    },
    [Symbol.asyncDispose]: () => owner.end(),
  }
}

test('leaves an index alone that is as it should be', async () => {
  await using space = await setup()

  await space.reconcile()

  expect(space.said).toEqual([])
  expect(await space.indexes()).toEqual([`${space.name}_idx`])
})

test('builds an index anew that was made for another server, and answers meanwhile', async () => {
  await using space = await setup()
  await space.owner.query(`comment on index ${space.name}_idx is 'using something else'`)
  const before = await space.nearest()

  const [, ...during] = await Promise.all([space.reconcile(), space.nearest(), space.nearest()])

  expect(during).toEqual([before, before])
  expect(space.said).toEqual(['builds the vector index of x'])
  expect(await space.indexes()).toEqual([`${space.name}_idx`])
  await space.reconcile()
  expect(space.said).toHaveLength(1)
})

test('what is known of an index stands for the whole of a question, though it goes meanwhile', async () => {
  await using space = await setup()
  const before = await findVectorSearch(space.db, 'clip')

  // One connection, and so one transaction.
  await using asking = connectPg({ url: space.appUrl, max: 1 })
  await asking.execute('begin isolation level repeatable read')
  await asking.execute('select 1 from pg_class limit 1')
  await space.owner.query(`drop index ${space.name}_idx`)
  const during = await findVectorSearch(asking, 'clip')
  await asking.execute('rollback')

  expect(before?.index).toBeDefined()
  expect(during).toEqual(before)
})

test('cleans up after a build that was interrupted', async () => {
  await using space = await setup()
  await space.owner.query(`alter index ${space.name}_idx rename to ${space.name}_old`)
  await space.owner.query(`create index ${space.name}_new on ${space.table} (owner_id)`)

  await space.reconcile()

  expect(await space.indexes()).toEqual([`${space.name}_idx`])
})

test('finds the same without an index', async () => {
  await using space = await setup()
  const before = await space.nearest()
  await space.owner.query(`drop index ${space.name}_idx`)

  const without = await space.nearest()

  expect(without).toEqual(before)
  expect(without.map(({ id }) => id)[0]).toBe(space.ids[0])
})
