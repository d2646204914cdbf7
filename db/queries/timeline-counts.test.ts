import { and, eq, inArray, sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { assetRow, seedAssets, seedUser } from '#test/helpers/seed.ts'
import { assets, timelineCounts, timelineDeltas } from '../schema/tables.ts'
import {
  deleteEmptyTimelineCounts,
  foldTimelineCounts,
  listMonthCounts,
  recountTimeline,
} from './timeline-counts.ts'

const { db } = await createTestDatabase()

const months = (viewerId: UserId, isTrashed = false) =>
  listMonthCounts(db, { viewerId, visibilities: ['timeline'], isTrashed })

describe('month counts', () => {
  test('follow assets as they come, move, go to the trash and are deleted', async () => {
    const viewerId = await seedUser(db)
    const ids = await seedAssets(db, { ownerId: viewerId, count: 4 })
    await seedAssets(db, {
      ownerId: viewerId,
      count: 2,
      localDateTime: new Date('1969-12-31T23:59:59Z'),
    })
    expect(await months(viewerId)).toEqual([
      { month: '2024-05-01', count: 4 },
      { month: '1969-12-01', count: 2 },
    ])

    const [moved, hidden, trashed, gone] = ids as [AssetId, AssetId, AssetId, AssetId]
    const one = (id: AssetId) => eq(assets.id, id)
    await db
      .update(assets)
      .set({ localDateTime: new Date('2023-01-01T00:00Z') })
      .where(one(moved))
    await db.update(assets).set({ visibility: 'locked' }).where(one(hidden))
    await db.update(assets).set({ status: 'trashed', trashedAt: new Date() }).where(one(trashed))
    await db.update(assets).set({ status: 'deleted' }).where(one(gone))

    expect(await months(viewerId)).toEqual([
      { month: '2023-01-01', count: 1 },
      { month: '1969-12-01', count: 2 },
    ])
    expect(await months(viewerId, true)).toEqual([{ month: '2024-05-01', count: 1 }])

    await db.delete(assets).where(eq(assets.ownerId, viewerId))
    expect(await months(viewerId)).toEqual([])
  })

  test('are those of the viewer alone', async () => {
    const [viewerId, other] = [await seedUser(db), await seedUser(db)]
    await seedAssets(db, { ownerId: other, count: 1 })

    expect(await months(viewerId)).toEqual([])
  })

  test('stay the same while they are folded, and empty months vanish', async () => {
    const viewerId = await seedUser(db)
    const ids = await seedAssets(db, { ownerId: viewerId, count: 2 })
    const before = await months(viewerId)

    await foldAll()

    expect(await months(viewerId)).toEqual(before)
    await db.delete(assets).where(inArray(assets.id, ids))
    await foldAll()
    await deleteEmptyTimelineCounts(db)
    expect(await rowsOf(viewerId)).toEqual({ counts: 0, deltas: 0 })
  })
})

test('an update that moves no asset to another group appends nothing', async () => {
  const ownerId = await seedUser(db)
  await seedAssets(db, { ownerId, count: 3 })
  await foldAll()

  await db.update(assets).set({ isFavorite: true }).where(eq(assets.ownerId, ownerId))

  expect(await rowsOf(ownerId)).toEqual({ counts: 1, deltas: 0 })
})

test('one statement appends one row for each group it changed', async () => {
  const ownerId = await seedUser(db)
  const other = { localDateTime: new Date('2020-02-02T00:00Z') }

  await db
    .insert(assets)
    .values([
      ...Array.from({ length: 50 }, () => assetRow(ownerId)),
      ...Array.from({ length: 50 }, () => assetRow(ownerId, other)),
    ])

  expect(await rowsOf(ownerId)).toEqual({ counts: 0, deltas: 2 })
})

const RECOUNTS = 6

test('a recount agrees at any moment under concurrent writers and folders', async () => {
  const owners = await Promise.all([seedUser(db), seedUser(db), seedUser(db)])
  const recounts: number[] = []
  let isWriting = true

  const writers = owners.map(async (ownerId, seed) => {
    const random = seededRandom(seed + 1)
    for (let round = 0; round < 40 || recounts.length < RECOUNTS; round += 1)
      await writeSomething(ownerId, random)
  })
  const folders = [0, 1].map(async () => {
    while (isWriting) await foldTimelineCounts(db, { limit: 7 })
  })
  const recounter = (async () => {
    while (isWriting) recounts.push(await recountTimeline(db))
  })()
  await Promise.all(writers)
  isWriting = false
  await Promise.all([...folders, recounter])

  expect(new Set(recounts)).toEqual(new Set([0]))
  await foldAll()
  expect(await recountTimeline(db)).toBe(0)
  const counted = await db
    .select({ total: sql<number>`sum(${timelineCounts.count})`.mapWith(Number) })
    .from(timelineCounts)
    .where(inArray(timelineCounts.ownerId, owners))
  const there = await db.$count(
    assets,
    and(inArray(assets.ownerId, owners), sql`${assets.status} <> 'deleted'`),
  )
  expect(counted[0]?.total).toBe(there)
})

test('a recount repairs what was changed behind the triggers', async () => {
  const viewerId = await seedUser(db)
  await seedAssets(db, { ownerId: viewerId, count: 5 })
  const before = await months(viewerId)
  await foldAll()
  await db.update(timelineCounts).set({ count: 77 }).where(eq(timelineCounts.ownerId, viewerId))

  const repaired = await recountTimeline(db)

  expect(repaired).toBe(1)
  expect(await months(viewerId)).toEqual(before)
  expect(await recountTimeline(db)).toBe(0)
})

async function foldAll() {
  while ((await foldTimelineCounts(db, { limit: 1_000 })) > 0);
}

async function rowsOf(ownerId: UserId) {
  return {
    counts: await db.$count(timelineCounts, eq(timelineCounts.ownerId, ownerId)),
    deltas: await db.$count(timelineDeltas, eq(timelineDeltas.ownerId, ownerId)),
  }
}

/** Each call does one of what happens to a library. */
async function writeSomething(ownerId: UserId, random: () => number) {
  const month = new Date(Date.UTC(2024, Math.floor(random() * 4), 3))
  const some = sql`${assets.id} in (select id from assets where owner_id = ${ownerId} order by random() limit 3)`
  const kinds = [
    () => seedAssets(db, { ownerId, count: 1 + Math.floor(random() * 5), localDateTime: month }),
    () => db.update(assets).set({ localDateTime: month }).where(some),
    () =>
      db
        .update(assets)
        .set({ visibility: random() < 0.5 ? 'archive' : 'timeline' })
        .where(some),
    () => db.update(assets).set({ status: 'trashed', trashedAt: new Date() }).where(some),
    () => db.update(assets).set({ status: 'active', trashedAt: null }).where(some),
    () => db.update(assets).set({ status: 'deleted' }).where(some),
    () => db.delete(assets).where(some),
  ]
  await kinds[Math.floor(random() * kinds.length)]?.()
}

function seededRandom(seed: number) {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
