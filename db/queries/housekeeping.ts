import { and, isNotNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { QueueName } from '#contracts/jobs/define-job.ts'
import type { Db } from '../client.ts'
import {
  albumAssetAudit,
  albumAudit,
  albumUserAudit,
  assetAudit,
  assetFaceAudit,
  loginAttempts,
  outbox,
  personAudit,
  sessions,
  systemMetadata,
  userAudit,
  userMetadataAudit,
} from '../schema/tables.ts'

const PAUSED_QUEUES = 'paused-queues'

const AUDITS = [
  albumAssetAudit,
  albumAudit,
  albumUserAudit,
  assetAudit,
  assetFaceAudit,
  personAudit,
  userAudit,
  userMetadataAudit,
]

/**
 * Takes a schedule's turn that began at the instant. Of several who ask, and of several who ask again, one is told
 * yes: an older turn, and the same one, are refused.
 */
export async function claimTurn(
  db: Db,
  { schedule, turnAt }: { schedule: string; turnAt: Date },
): Promise<boolean> {
  const taken = await db
    .insert(systemMetadata)
    .values({ key: `schedule:${schedule}`, value: { turnAt: turnAt.getTime() } })
    .onConflictDoUpdate({
      target: systemMetadata.key,
      set: { value: sql`excluded.value` },
      setWhere: sql`(${systemMetadata.value} ->> 'turnAt')::bigint < (excluded.value ->> 'turnAt')::bigint`,
    })
    .returning({ key: systemMetadata.key })
  return taken.length > 0
}

/** Which queues an administrator paused. Valkey knows too, but may forget. */
export async function listPausedQueues(db: Db): Promise<QueueName[]> {
  const [row] = await db
    .select({ value: systemMetadata.value })
    .from(systemMetadata)
    .where(sql`${systemMetadata.key} = ${PAUSED_QUEUES}`)
  return (row?.value.queues ?? []) as QueueName[] // written below only
}

export async function updatePausedQueue(
  db: Db,
  { queue, isPaused }: { queue: QueueName; isPaused: boolean },
): Promise<void> {
  const without = sql`coalesce(${systemMetadata.value} -> 'queues', '[]'::jsonb) - ${queue}::text`
  const updated: SQL = isPaused ? sql`(${without}) || ${JSON.stringify([queue])}::jsonb` : without
  await db
    .insert(systemMetadata)
    .values({ key: PAUSED_QUEUES, value: { queues: isPaused ? [queue] : [] } })
    .onConflictDoUpdate({
      target: systemMetadata.key,
      set: { value: sql`jsonb_build_object('queues', ${updated})` },
    })
}

/** Sessions whose time is over, and those that nobody used for long. */
export async function deleteStaleSessions(
  db: Db,
  { now, unusedSince }: { now: Date; unusedSince: Date },
): Promise<void> {
  await db
    .delete(sessions)
    .where(or(lt(sessions.expiresAt, now), lt(sessions.updatedAt, unusedSince)))
}

export async function deleteOldLoginAttempts(db: Db, { before }: { before: Date }): Promise<void> {
  await db.delete(loginAttempts).where(lt(loginAttempts.windowStartedAt, before))
}

/** Clients that were away for longer sync from the beginning. */
export async function deleteOldAudits(db: Db, { before }: { before: Date }): Promise<void> {
  for (const table of AUDITS) await db.delete(table).where(lt(table.deletedAt, before))
}

export async function deleteOldFailedJobs(db: Db, { before }: { before: Date }): Promise<void> {
  await db.delete(outbox).where(and(isNotNull(outbox.failedAt), lt(outbox.failedAt, before)))
}
