import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { AssetId, FaceId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { databaseErrorOf } from '#db/database-error.ts'
import {
  activateSpace,
  dropRetiredSpaces,
  findActiveSpace,
  findSpaces,
  openSpace,
  vectorTable,
  writeClipVectors,
  writeFaceVectors,
} from '#db/queries/vector-spaces.ts'
import { assetFaces, assetModelRuns, assets } from '#db/schema/tables.ts'
import { createTestDatabase } from '../../test/helpers/database.ts'
import { seedAssets, seedUser } from '../../test/helpers/seed.ts'

const clip = (model: string, dimension = 4) => ({ kind: 'clip' as const, model, dimension })

async function setup() {
  const { db } = await createTestDatabase()
  const ownerId = await seedUser(db)
  return {
    db,
    ownerId,
    seed: (count: number) =>
      seedAssets(db, { ownerId, count, thumbnailedAt: new Date('2024-05-18T00:00:00Z') }),
    markRun: (spaceId: number, assetIds: AssetId[]) =>
      db.insert(assetModelRuns).values(assetIds.map((assetId) => ({ spaceId, assetId }))),
  }
}

test('gives the first model of a kind the place at once, and finds its space again', async () => {
  const { db } = await setup()

  const opened = await openSpace(db, clip('first'))
  const again = await openSpace(db, clip('first'))

  expect(opened.state).toBe('active')
  expect(again).toEqual(opened)
  expect(await findActiveSpace(db, 'clip')).toEqual(opened)
})

test('opens a space once, however many ask at the same time', async () => {
  const { db } = await setup()

  const opened = await Promise.all(
    ['x', 'x', 'y', 'x', 'y'].map((model) => openSpace(db, clip(model))),
  )

  expect(new Set(opened.map(({ id }) => id)).size).toBe(2)
  expect((await findSpaces(db)).map(({ state }) => state)).toContain('active')
})

test('writes and replaces vectors of length one with the role of the workers', async () => {
  const { db, seed } = await setup()
  const [first, second] = (await seed(2)) as [AssetId, AssetId]
  const space = await openSpace(db, clip('first'))

  await writeClipVectors(db, {
    spaceId: space.id,
    rows: [
      { assetId: first, embedding: new Float32Array([1, 0, 0, 0]) },
      { assetId: second, embedding: new Float32Array([3, 4, 0, 0]) },
      { assetId: newId<AssetId>(), embedding: new Float32Array([1, 1, 1, 1]) },
    ],
  })
  await writeClipVectors(db, {
    spaceId: space.id,
    rows: [{ assetId: first, embedding: new Float32Array([0, 0, 2, 0]) }],
  })

  const { rows } = await db.execute<{ id: string; embedding: string }>(
    sql`select asset_id as id, embedding::text from ${vectorTable(space)} order by asset_id`,
  )
  expect(rows).toEqual([
    { id: first, embedding: '[0,0,1,0]' },
    { id: second, embedding: '[0.6,0.8,0,0]' },
  ])
})

test('forgets the vectors of an asset and of a face together with them', async () => {
  const { db, seed } = await setup()
  const [assetId] = (await seed(1)) as [AssetId]
  const faceId = newId<FaceId>()
  await db.insert(assetFaces).values({
    ...{ id: faceId, assetId, imageWidth: 100, imageHeight: 100 },
    ...{ boundingBoxX1: 1, boundingBoxY1: 1, boundingBoxX2: 9, boundingBoxY2: 9 },
  })
  const images = await openSpace(db, clip('first'))
  const faces = await openSpace(db, { kind: 'face', model: 'first', dimension: 2 })
  await writeClipVectors(db, {
    spaceId: images.id,
    rows: [{ assetId, embedding: [1, 0, 0, 0] }],
  })
  await writeFaceVectors(db, { spaceId: faces.id, rows: [{ faceId, embedding: [1, 0] }] })

  await db.delete(assets).where(eq(assets.id, assetId))

  const { rows } = await db.execute<{ left: number }>(sql`select
    (select count(*)::int from ${vectorTable(images)}) + (select count(*)::int from ${vectorTable(faces)}) as left`)
  expect(rows).toEqual([{ left: 0 }])
})

test('gives the next model the place once every asset has been looked at', async () => {
  const { db, seed, markRun } = await setup()
  const [first, second] = (await seed(2)) as [AssetId, AssetId]
  const old = await openSpace(db, clip('old'))
  const next = await openSpace(db, clip('next', 8))
  await markRun(next.id, [first])

  const tooEarly = await activateSpace(db, { spaceId: next.id })
  const during = await findActiveSpace(db, 'clip')
  await markRun(next.id, [second])
  const inTime = await activateSpace(db, { spaceId: next.id })

  expect([next.state, tooEarly, during?.id, inTime]).toEqual(['building', false, old.id, true])
  expect(await findActiveSpace(db, 'clip')).toMatchObject({ model: 'next', dimension: 8 })
  expect(await activateSpace(db, { spaceId: old.id })).toBe(false)
})

test('goes back to a model whose vectors are still there, and drops them after a while', async () => {
  const { db } = await setup()
  await openSpace(db, clip('kept'))
  const tried = await openSpace(db, clip('tried'))
  const other = await openSpace(db, clip('other'))

  const back = await openSpace(db, clip('tried'))
  const early = await dropRetiredSpaces(db, { olderThanMs: 60_000 })
  const dropped = await dropRetiredSpaces(db, { olderThanMs: 0 })

  expect(back).toMatchObject({ id: tried.id, state: 'building', retiredAt: null })
  expect([early, dropped]).toEqual([0, 1])
  expect((await findSpaces(db)).map(({ id }) => id)).not.toContain(other.id)
})

test.each([
  [{ kind: 'clip' as const, model: 'x); drop table assets; --', dimension: 4 }, '22023'],
  [{ kind: 'ocr' as 'clip', model: 'x', dimension: 4 }, '22023'],
  [{ kind: 'clip' as const, model: 'x', dimension: 100_000 }, '22023'],
])('refuses to make a space of %j', async (wanted, code) => {
  const { db } = await setup()

  const refused = await openSpace(db, wanted).catch((error: unknown) => error)

  expect(databaseErrorOf(refused)?.code).toBe(code)
})

test('keeps an active space from being dropped and a model from changing its dimension', async () => {
  const { db } = await setup()
  const space = await openSpace(db, clip('x'))

  const dropping = db.execute(sql`select drop_vector_space(${space.id}::int)`)

  await expect(dropping).rejects.toThrow()
  await expect(openSpace(db, clip('x', 8))).rejects.toThrow()
})

test('refuses a vector that points nowhere', async () => {
  const { db } = await setup()

  const write = () =>
    writeClipVectors(db, { spaceId: 1, rows: [{ assetId: newId(), embedding: [0, 0] }] })

  expect(write).toThrow('without a direction')
})

test.each([
  [4, 'halfvec(4)) halfvec_cosine_ops'],
  [1152, 'halfvec(1152)) halfvec_cosine_ops'],
  [2560, 'halfvec(2560)) halfvec_cosine_ops'],
  [5000, null],
])('keeps %i dimensions under an index of a kind that takes them', async (dimension, index) => {
  const { db } = await setup()

  const space = await openSpace(db, clip('sized', dimension))

  const { rows } = await db.execute<{ definition: string }>(sql`
    select indexdef as definition from pg_indexes where indexname = ${`clip_vectors_${space.id}_nearest_idx`}`)
  expect(rows[0]?.definition ?? null).toEqual(index && expect.stringContaining(index))
})
