import { eq, sql } from 'drizzle-orm'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { AssetId, UploadId } from '#contracts/ids.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import { verifyUpload } from '#contracts/jobs/verify-upload.ts'
import { newId } from '#contracts/new-id.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { createTestGateway } from '#test/helpers/gateway.ts'
import { until } from '#test/helpers/until.ts'
import { atomically } from '../atomically.ts'
import { outbox } from '../schema/tables.ts'
import {
  claimOutbox,
  countJobsByQueue,
  deleteJobs,
  finishJob,
  insertJobs,
  listFailedJobs,
  listUnfinished,
  markJobFailed,
  markSent,
  retryFailedJobs,
} from './outbox.ts'

const database = await createTestDatabase()
const gateway = await createTestGateway(database)
const { db } = database

const thumbnailsOf = (assetId = newId<AssetId>()) => makeThumbnails.message({ assetId })
const all = () => db.select().from(outbox).orderBy(outbox.id)

/** Tests of this file look at the whole outbox, so each begins with an empty one. */
async function emptyOutbox() {
  await db.delete(outbox)
}

describe.each([
  { name: 'neon-http', writer: gateway.db },
  { name: 'node-postgres', writer: db },
])('jobs written over $name', ({ writer }) => {
  test('stand in the outbox as their messages say', async () => {
    await emptyOutbox()
    const assetId = newId<AssetId>()
    const messages = [extractMetadata.message({ assetId }), thumbnailsOf(assetId)]

    await atomically(writer, (q) => [insertJobs(q, messages, { requestId: 'r-1' })])

    const rows = await all()
    expect(rows).toMatchObject(messages)
    expect(rows.map(({ requestId, sentAt }) => [requestId, sentAt])).toEqual([
      ['r-1', null],
      ['r-1', null],
    ])
  })

  test('may be none', async () => {
    await emptyOutbox()

    await atomically(writer, (q) => [insertJobs(q, [])])

    expect(await all()).toEqual([])
  })

  test('are added once while one for the same thing waits, and again after it was sent', async () => {
    await emptyOutbox()
    const message = thumbnailsOf()

    await atomically(writer, (q) => [insertJobs(q, [message, message]), insertJobs(q, [message])])
    expect(await all()).toHaveLength(1)
    await claimOutbox(db, { limit: 10 })
    await atomically(writer, (q) => [insertJobs(q, [message])])

    expect(await all()).toHaveLength(2)
  })
})

test('a job is not claimed before its time', async () => {
  await emptyOutbox()
  await insertJobs(db, [thumbnailsOf()], { runAfter: new Date(Date.now() + 60_000) })

  expect(await claimOutbox(db, { limit: 10 })).toEqual([])
})

test('many claim side by side, and each job goes to one of them', async () => {
  await emptyOutbox()
  await insertJobs(
    db,
    Array.from({ length: 500 }, () => thumbnailsOf()),
  )

  const claims = await Promise.all(
    Array.from({ length: 10 }, () => claimOutbox(gateway.db, { limit: 60 })),
  )

  const ids = claims.flat().map(({ id }) => id)
  expect(ids).toHaveLength(500)
  expect(new Set(ids).size).toBe(500)
})

test('what was sent and never finished is listed, page by page, until it is finished', async () => {
  await emptyOutbox()
  await insertJobs(db, [thumbnailsOf(), thumbnailsOf(), thumbnailsOf()])
  const claimed = await claimOutbox(db, { limit: 10 })
  const later = { sentBefore: new Date(Date.now() + 1_000), limit: 2 }

  const first = await listUnfinished(db, later)
  const second = await listUnfinished(db, { ...later, afterId: first.at(-1)?.id ?? '' })
  expect([first.length, second.length]).toEqual([2, 1])
  expect(await listUnfinished(db, { ...later, sentBefore: new Date(Date.now() - 60_000) })).toEqual(
    [],
  )

  await finishJob(db, claimed[0]?.id ?? '')
  await markSent(
    db,
    claimed.map(({ id }) => id),
  )
  expect(await listUnfinished(db, { ...later, limit: 10 })).toHaveLength(2)
})

test('failed jobs stay with their reason, and wait again when they are retried', async () => {
  await emptyOutbox()
  await insertJobs(db, [thumbnailsOf(), thumbnailsOf()])
  const claimed = await claimOutbox(db, { limit: 10 })
  for (const { id } of claimed) await markJobFailed(db, { id, reason: 'the store is away' })

  const failed = await listFailedJobs(db, { queue: 'thumbnailGeneration', limit: 10 })
  expect(failed.map(({ lastError }) => lastError)).toEqual([
    'the store is away',
    'the store is away',
  ])
  expect(await countJobsByQueue(db)).toEqual([
    { queue: 'thumbnailGeneration', waiting: 0, sent: 0, failed: 2 },
  ])

  expect(await retryFailedJobs(db, { queue: 'metadataExtraction' })).toBe(0)
  expect(await retryFailedJobs(db, { queue: 'thumbnailGeneration' })).toBe(2)
  expect(await countJobsByQueue(db)).toEqual([
    { queue: 'thumbnailGeneration', waiting: 2, sent: 0, failed: 0 },
  ])
  const retried = await claimOutbox(db, { limit: 10 })
  expect(retried).toMatchObject([{ lastError: null }, { lastError: null }])
  expect(retried.filter(({ id }) => failed.some((job) => job.id === id))).toEqual([])
})

test('a retried job gives way to one for the same thing that waits already', async () => {
  await emptyOutbox()
  const message = thumbnailsOf()
  for (const reason of ['first', 'second']) {
    await insertJobs(db, [message])
    const [claimed] = await claimOutbox(db, { limit: 1 })
    await markJobFailed(db, { id: claimed?.id ?? '', reason })
  }
  expect(await retryFailedJobs(db, { queue: 'thumbnailGeneration' })).toBe(1)
  const [waiting] = await all()
  await markJobFailed(db, { id: waiting?.id ?? '', reason: 'third' })
  await insertJobs(db, [message])

  expect(await retryFailedJobs(db, { queue: 'thumbnailGeneration' })).toBe(0)

  expect(await all()).toMatchObject([{ failedAt: null, sentAt: null }])
})

test('a queue is emptied of what waits or of what failed', async () => {
  await emptyOutbox()
  await insertJobs(db, [thumbnailsOf(), verifyUpload.message({ uploadId: newId<UploadId>() })])

  await deleteJobs(db, { queue: 'thumbnailGeneration', state: 'failed' })
  expect(await all()).toHaveLength(2)
  await deleteJobs(db, { queue: 'thumbnailGeneration', state: 'waiting' })

  expect((await all()).map(({ queue }) => queue)).toEqual(['backgroundTask'])
})

test('an insert wakes whoever listens', async () => {
  const listener = new pg.Client({ connectionString: database.appUrl })
  await listener.connect()
  let calls = 0
  listener.on('notification', () => {
    calls += 1
  })
  await listener.query('listen outbox')

  await atomically(gateway.db, (q) => [
    insertJobs(q, [thumbnailsOf()]),
    insertJobs(q, [thumbnailsOf()]),
  ])

  await until(() => calls > 0)
  await db.update(outbox).set({ sentAt: sql`now()` }).where(eq(outbox.queue, 'thumbnailGeneration'))
  expect(calls).toBe(1)
  await listener.end()
})
