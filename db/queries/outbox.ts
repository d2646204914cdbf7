import { and, asc, count, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { JobMessage, QueueName } from '#contracts/jobs/define-job.ts'
import { newId } from '#contracts/new-id.ts'
import type { Db } from '../client.ts'
import { databaseErrorOf } from '../database-error.ts'
import { outbox } from '../schema/tables.ts'

export type OutboxJob = typeof outbox.$inferSelect

type InsertOptions = { requestId?: string | null | undefined; runAfter?: Date | undefined }

const UNIQUE_VIOLATION = '23505'
const waits = and(isNull(outbox.sentAt), isNull(outbox.failedAt))

/**
 * A statement for `atomically`, beside the write that the jobs belong to. A message whose dedupe key already
 * waits adds nothing. Any number of messages will do, also none.
 */
export function insertJobs(q: Db, messages: JobMessage[], options: InsertOptions = {}) {
  const rows = messages.map((message) => ({ id: newId(), ...message }))
  return q.execute(sql`
    insert into outbox (id, queue, name, payload, dedupe_key, attempts, priority, request_id, run_after)
    select id, queue, name, payload, "dedupeKey", attempts, priority,
           ${options.requestId ?? null}, coalesce(${options.runAfter?.toISOString() ?? null}::timestamptz, now())
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as m(id uuid, queue text, name text, payload jsonb, "dedupeKey" text, attempts int, priority int)
    on conflict (dedupe_key) where sent_at is null and failed_at is null do nothing`)
}

/** A statement for `atomically`: takes back a message with the same dedupe key that was not sent yet. */
export function deleteWaitingJob(q: Db, { dedupeKey }: Pick<JobMessage, 'dedupeKey'>) {
  return q.delete(outbox).where(and(eq(outbox.dedupeKey, dedupeKey ?? ''), waits))
}

/**
 * Takes jobs that are due and marks them as sent, before they are put into their queues: were it after, a message
 * that comes while the handler already runs would still find its key waiting, and be lost. What is claimed
 * and never arrives in a queue is found by `listUnfinished`.
 */
export async function claimOutbox(db: Db, { limit }: { limit: number }): Promise<OutboxJob[]> {
  return await db
    .update(outbox)
    .set({ sentAt: sql`now()` })
    // `in (select … for update skip locked)` lets the planner repeat the subquery: ten times slower.
    .where(
      sql`${outbox.id} = any(array(
        select id from outbox where sent_at is null and failed_at is null and run_after <= now()
        order by run_after limit ${limit} for update skip locked))`,
    )
    .returning()
}

/** Sent before the instant and not finished since, in order of id, for the sweep that puts them into their queues again. */
export async function listUnfinished(
  db: Db,
  { sentBefore, afterId, limit }: { sentBefore: Date; afterId?: string; limit: number },
): Promise<OutboxJob[]> {
  return await db
    .select()
    .from(outbox)
    .where(
      and(
        lt(outbox.sentAt, sentBefore),
        isNull(outbox.failedAt),
        afterId ? sql`${outbox.id} > ${afterId}` : undefined,
      ),
    )
    .orderBy(asc(outbox.id))
    .limit(limit)
}

/** Those of the rows that are neither done nor failed meanwhile. */
export async function keepUnfinished(db: Db, rows: OutboxJob[]): Promise<OutboxJob[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const left = await db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(inArray(outbox.id, ids), isNull(outbox.failedAt)))
  const leftIds = new Set(left.map(({ id }) => id))
  return rows.filter(({ id }) => leftIds.has(id))
}

/** Jobs that were put into their queues again count as sent now. */
export async function markSent(db: Db, ids: string[]): Promise<void> {
  await db
    .update(outbox)
    .set({ sentAt: sql`now()` })
    .where(and(inArray(outbox.id, ids), isNotNull(outbox.sentAt)))
}

/** A statement for `atomically`, beside what the job wrote last, or awaited alone. */
export function finishJob(q: Db, id: string) {
  return q.delete(outbox).where(eq(outbox.id, id))
}

/** The job's tries are used up, or it can never succeed. */
export async function markJobFailed(
  db: Db,
  { id, reason }: { id: string; reason: string },
): Promise<void> {
  await db.update(outbox).set({ failedAt: sql`now()`, lastError: reason }).where(eq(outbox.id, id))
}

export async function listFailedJobs(
  db: Db,
  { queue, beforeId, limit }: { queue: QueueName; beforeId?: string; limit: number },
): Promise<OutboxJob[]> {
  return await db
    .select()
    .from(outbox)
    .where(
      and(
        eq(outbox.queue, queue),
        isNotNull(outbox.failedAt),
        beforeId ? sql`${outbox.id} < ${beforeId}` : undefined,
      ),
    )
    .orderBy(sql`${outbox.id} desc`)
    .limit(limit)
}

/**
 * Lets failed jobs of a queue wait again and answers how many. Of several with one dedupe key, and of those whose
 * key waits already, one remains. Each gets another id: its worker marks a job as failed before it takes it out of its
 * queue, and what a queue still has under an id it does not take again.
 */
export async function retryFailedJobs(db: Db, { queue }: { queue: QueueName }): Promise<number> {
  const statement = sql`
    with failed as (
      select id, row_number() over (partition by coalesce(dedupe_key, id::text) order by id desc) = 1
        and not exists (select from outbox w
          where w.dedupe_key = f.dedupe_key and w.sent_at is null and w.failed_at is null) as is_kept
      from outbox f where queue = ${queue} and failed_at is not null),
    redundant as (delete from outbox where id in (select id from failed where not is_kept))
    update outbox set id = uuid_v7(), failed_at = null, last_error = null, sent_at = null, run_after = now()
    where id in (select id from failed where is_kept) and failed_at is not null returning id`
  try {
    return (await db.execute(statement)).rows.length
  } catch (error) {
    // A message with one of the keys came between; the second look sees it.
    if (databaseErrorOf(error)?.code !== UNIQUE_VIOLATION) throw error
    return (await db.execute(statement)).rows.length
  }
}

/** Removes what waits in the outbox or has failed; what a queue already holds is emptied there. */
export async function deleteJobs(
  db: Db,
  { queue, state }: { queue: QueueName; state: 'waiting' | 'failed' },
): Promise<void> {
  await db
    .delete(outbox)
    .where(and(eq(outbox.queue, queue), state === 'waiting' ? waits : isNotNull(outbox.failedAt)))
}

/** All that is neither failed nor named: for a queue that is emptied while some of its jobs run. */
export async function deleteUnfinishedJobs(
  db: Db,
  { queue, exceptIds }: { queue: QueueName; exceptIds: string[] },
): Promise<void> {
  await db
    .delete(outbox)
    .where(
      and(
        eq(outbox.queue, queue),
        isNull(outbox.failedAt),
        sql`${outbox.id} <> all(${sql.param(exceptIds)}::uuid[])`,
      ),
    )
}

export async function deleteJobsById(db: Db, ids: string[]): Promise<void> {
  // One parameter: a list of them costs more to build than the statement takes.
  await db.delete(outbox).where(sql`${outbox.id} = any(${sql.param(ids)}::uuid[])`)
}

export type OutboxCounts = { queue: QueueName; waiting: number; sent: number; failed: number }

/** Queues without jobs are absent. */
export async function countJobsByQueue(db: Db): Promise<OutboxCounts[]> {
  return await db
    .select({
      queue: outbox.queue,
      waiting: sql<number>`count(*) filter (where ${waits})`.mapWith(Number),
      sent: sql<number>`count(*) filter (where ${outbox.sentAt} is not null and ${outbox.failedAt} is null)`.mapWith(
        Number,
      ),
      failed: count(outbox.failedAt),
    })
    .from(outbox)
    .groupBy(outbox.queue)
    .orderBy(outbox.queue)
}

/** Whether a job with this message's dedupe key is known: waiting, sent or failed. */
export async function hasJobForWork(db: Db, { dedupeKey }: JobMessage): Promise<boolean> {
  const { rows } = await db.execute<{ found: boolean }>(
    sql`select exists (select from outbox where dedupe_key = ${dedupeKey}) as found`,
  )
  return rows[0]?.found === true
}
