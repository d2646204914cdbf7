import { sql } from 'drizzle-orm'
import { beforeEach, expect, test } from 'vitest'
import type { AssetId, FaceId, PersonId, SessionId } from '#contracts/ids.ts'
import { recognizeFaces } from '#contracts/jobs/recognize-faces.ts'
import { newId } from '#contracts/new-id.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import { listMonthCounts } from '#db/queries/timeline-counts.ts'
import {
  assetAudit,
  assetFaces,
  assets,
  outbox,
  people,
  sessions,
  timelineDeltas,
} from '#db/schema/tables.ts'
import { count as countJob, quiet } from '#test/fixtures/test-jobs.ts'
import { createTestDatabase, type TestDatabase } from '#test/helpers/database.ts'
import { listRows } from '#test/helpers/job-system.ts'
import { seedAssets, seedUser } from '#test/helpers/seed.ts'
import { runSchedules, type Schedule, schedules } from './schedules.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
})

function start(own: Schedule[], clock: () => Date) {
  return runSchedules({ db: database.db, log: quiet, clock, schedules: own, onTurn: () => {} })
}

test('of several dispatchers one takes a turn, and takes it once', async () => {
  const turns: Date[] = []
  const schedule: Schedule = {
    name: 'test',
    turnAt: (now) => new Date(now.toISOString().slice(0, 13).concat(':00:00Z')),
    run: async (_db, now) => void turns.push(now),
  }
  const [nine, ten] = [new Date('2026-03-01T09:59:00Z'), new Date('2026-03-01T10:00:10Z')]

  const first = [1, 2, 3].map(() => start([schedule], () => nine))
  await Promise.all(first.map((running) => running.stop()))
  const second = [1, 2, 3].map(() => start([schedule], () => ten))
  await Promise.all(second.map((running) => running.stop()))

  expect(turns).toEqual([nine, ten])
})

test('a schedule that fails does not keep others from running', async () => {
  const ran: string[] = []
  const hourly = (name: string, run: Schedule['run']): Schedule => ({
    name,
    turnAt: () => new Date('2026-03-01T09:00:00Z'),
    run,
  })

  const running = start(
    [
      hourly('broken', async () => {
        throw new Error('no')
      }),
      hourly('sound', async () => void ran.push('sound')),
    ],
    () => new Date('2026-03-01T09:00:00Z'),
  )
  await running.stop()

  expect(ran).toEqual(['sound'])
})

test('the first look sends the sweep of uploads, of inboxes and of the trash, once each', async () => {
  const running = start(schedules, () => new Date('2026-03-01T09:00:00Z'))
  await running.stop()

  const names = (await listRows(database.db)).map(({ name }) => name)
  expect(names.sort()).toEqual(['empty-expired-trash', 'reconcile-inbox', 'sweep-uploads'])
})

test.each([
  ['just before midnight', '2026-03-01T23:59:59', '2026-03-01T00:00:00'],
  ['at midnight', '2026-03-02T00:00:00', '2026-03-02T00:00:00'],
  ['in the night when clocks change', '2026-03-29T03:30:00', '2026-03-29T00:00:00'],
])('a nightly turn %s began at the last midnight of the machine', (_, now, expected) => {
  const nightly = schedules.find(({ name }) => name === 'empty-expired-trash')

  expect(nightly?.turnAt(new Date(now))).toEqual(new Date(expected))
})

test('old failed jobs are forgotten, young ones stay', async () => {
  const { db } = database
  await insertJobs(db, [countJob.message({ n: 1 }), countJob.message({ n: 2 })])
  await db.execute(`update outbox set last_error = 'no', failed_at =
    now() - (case when payload ->> 'n' = '1' then 100 else 10 end) * interval '1 day'`)
  const hygiene = schedules.find(({ name }) => name === 'delete-old-failed-jobs')

  await hygiene?.run(db, new Date())

  expect((await listRows(db)).map(({ payload }) => payload.n)).toEqual([2])
})

const DAY_MS = 24 * 60 * 60 * 1000
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS)
const runOnce = (name: string, now: Date) =>
  schedules.find((schedule) => schedule.name === name)?.run(database.db, now)

test('sessions go when their time is over or nobody used them for 90 days', async () => {
  const { db } = database
  const userId = await seedUser(db)
  const session = (expiresAt: Date | null) => {
    const id = newId<SessionId>()
    return { id, userId, expiresAt, tokenHash: Buffer.from(id) }
  }
  const [lasting, short] = [session(null), session(inDays(5))]
  await db.insert(sessions).values([lasting, short])
  const left = async () => (await db.select().from(sessions)).map(({ id }) => id)

  await runOnce('delete-stale-sessions', inDays(6))
  const afterSix = await left()
  await runOnce('delete-stale-sessions', inDays(91))

  expect(afterSix).toEqual([lasting.id])
  expect(await left()).toEqual([])
})

test('what was deleted is told to clients for 31 days', async () => {
  const { db } = database
  const ownerId = await seedUser(db)
  await seedAssets(db, { ownerId, count: 2 })
  await db.delete(assets)

  await runOnce('delete-old-audits', inDays(30))
  const afterThirty = await db.select().from(assetAudit)
  await runOnce('delete-old-audits', inDays(32))

  expect(afterThirty).toHaveLength(2)
  expect(await db.select().from(assetAudit)).toEqual([])
})

test('folding moves month counts and changes none', async () => {
  const { db } = database
  const ownerId = await seedUser(db)
  await seedAssets(db, { ownerId, count: 7 })
  const scope = { viewerId: ownerId, visibilities: ['timeline' as const], isTrashed: false }
  const before = await listMonthCounts(db, scope)

  await runOnce('fold-timeline-counts', new Date())

  expect(await db.select().from(timelineDeltas)).toEqual([])
  expect(await listMonthCounts(db, scope)).toEqual(before)
  expect(before.map(({ count }) => count)).toEqual([7])
})

test('people whom nobody named go once they have no face, and owners of faces are looked at again', async () => {
  const { db } = database
  const ownerId = await seedUser(db)
  const [assetId] = await seedAssets(db, { ownerId, count: 1 })
  const [seen, named, empty] = [newId<PersonId>(), newId<PersonId>(), newId<PersonId>()]
  await db.insert(people).values([
    { id: seen, ownerId },
    { id: named, ownerId, name: 'Ada' },
    { id: empty, ownerId },
  ])
  const box = { boundingBoxX1: 0, boundingBoxY1: 0, boundingBoxX2: 9, boundingBoxY2: 9 }
  await db.insert(assetFaces).values({
    ...{ id: newId<FaceId>(), assetId: assetId as AssetId, personId: seen },
    ...{ imageWidth: 99, imageHeight: 99, ...box },
  })

  await runOnce('look-after-people', new Date())

  const left = await db.select({ id: people.id }).from(people).orderBy(people.id)
  expect(left).toEqual([{ id: seen }, { id: named }])
  const jobs = await db
    .select()
    .from(outbox)
    .where(sql`${outbox.payload} ->> 'ownerId' = ${ownerId}`)
  expect(jobs).toMatchObject([recognizeFaces.message({ ownerId })])
})
