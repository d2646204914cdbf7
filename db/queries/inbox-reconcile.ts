import { and, asc, eq, ne, sql } from 'drizzle-orm'
import { reconcileInbox } from '#contracts/jobs/reconcile-inbox.ts'
import type { Db } from '../client.ts'
import { inboxObjects, systemMetadata } from '../schema/tables.ts'
import { jobsIfAny } from './asset-jobs.ts'
import { IMPORT_KEY, importOfEach, type Place, type Requested } from './inbox-jobs.ts'

/** Reasons that can pass by themselves: the reconcile looks whether they have. */
export const PASSING = {
  quota: 'The storage quota of this account does not hold this file.',
  account: 'The account that this folder belongs to is closed.',
  trash: 'This file lies in the trash. Restore it there, or remove it here.',
} as const

/**
 * Has those refused objects looked at again whose reason may have passed: as many as now fit into the quota, of open
 * accounts, out of the trash.
 */
export async function retryPassedForWork(db: Db, { requestId }: Requested): Promise<void> {
  await db.execute(sql`
    with refused as (
      select o.owner_id, o.object_key, o.reason, u.quota_size_bytes - u.quota_usage_bytes as room,
        sum(o.size_bytes) over (partition by o.owner_id, o.reason order by o.object_key) as needed
      from inbox_objects o join users u on u.id = o.owner_id
      where o.state = 'refused' and u.status = 'active' and o.reason in (${sql.join(Object.values(PASSING), sql`, `)})
        and (o.reason <> ${PASSING.quota} or u.quota_size_bytes is null
          or o.size_bytes <= u.quota_size_bytes - u.quota_usage_bytes)
        and (o.reason <> ${PASSING.trash}
          or not exists (select from assets a where a.id = o.asset_id and a.status = 'trashed'))),
    passed as (
      update inbox_objects o set state = 'waiting', reason = null from refused r
      where o.owner_id = r.owner_id and o.object_key = r.object_key
        and (r.reason <> ${PASSING.quota} or r.room is null or r.needed <= r.room)
      returning o.owner_id, o.object_key),
    queued as (${importOfEach(sql`passed`, requestId)})
    select from passed`)
}

/** Rings again for what waits although no job is left for it, such as after a queue was emptied. */
export async function ringForLostImports(
  db: Db,
  { untouchedSince, requestId }: Requested & { untouchedSince: Date },
): Promise<void> {
  await db.execute(sql`
    with lost as (
      select owner_id, object_key from inbox_objects o
      where state in ('waiting', 'importing') and reason is null
        and updated_at < ${untouchedSince.toISOString()}::timestamptz
        and not exists (select from outbox x where x.dedupe_key = ${IMPORT_KEY}::text || o.object_key)),
    queued as (${importOfEach(sql`lost`, requestId)})
    select from lost`)
}

/** All rows of objects that lie, or lay, in an inbox, in the order of their keys. */
export async function listPresentRowsForWork(
  db: Db,
  { after, notedBefore, limit }: { after: Place | undefined; notedBefore: Date; limit: number },
): Promise<Place[]> {
  return await db
    .select({ ownerId: inboxObjects.ownerId, objectKey: inboxObjects.objectKey })
    .from(inboxObjects)
    .where(
      and(
        ne(inboxObjects.state, 'imported'),
        sql`${inboxObjects.createdAt} < ${notedBefore.toISOString()}::timestamptz`,
        after
          ? sql`(${inboxObjects.ownerId}, ${inboxObjects.objectKey}) > (${after.ownerId}::uuid, ${after.objectKey})`
          : undefined,
      ),
    )
    .orderBy(asc(inboxObjects.ownerId), asc(inboxObjects.objectKey))
    .limit(limit)
}

/** For objects that a listing lacks: a job looks whether they are gone. */
export async function insertImportsForWork(
  db: Db,
  { places, requestId }: Requested & { places: Place[] },
): Promise<void> {
  if (places.length === 0) return
  const rows = places.map(({ ownerId, objectKey }) => ({
    owner_id: ownerId,
    object_key: objectKey,
  }))
  const source = sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(owner_id uuid, object_key text)`
  await db.execute(sql`
    with places as (select * from ${source})
    ${importOfEach(sql`places`, requestId)}`)
}

export async function deleteOldImportsForWork(
  db: Db,
  { importedBefore }: { importedBefore: Date },
): Promise<void> {
  await db
    .delete(inboxObjects)
    .where(
      and(
        eq(inboxObjects.state, 'imported'),
        sql`${inboxObjects.updatedAt} < ${importedBefore.toISOString()}::timestamptz`,
      ),
    )
}

const LATEST_RECONCILE = 'inbox-reconcile'
/** A listing takes at most this part of the time; … */
const SHARE_OF_TIME = 1 / 20
/** … but one is made at least so often. */
const MAX_PAUSE_SECONDS = 15 * 60

/** A listing of all inboxes, unless one is under way, or the latest one took long and ended just now. */
export async function insertReconcile(db: Db): Promise<void> {
  const message = reconcileInbox.message({})
  await db.execute(sql`
    with idle as (
      select where not exists (
        select from outbox where dedupe_key = ${message.dedupeKey} and failed_at is null)
      and not exists (
        select from system_metadata where key = ${LATEST_RECONCILE} and updated_at > now() - make_interval(
          secs => least((value->>'tookSeconds')::float8 / ${SHARE_OF_TIME}::float8, ${MAX_PAUSE_SECONDS}::float8)))),
    queued as (${jobsIfAny(sql`idle`, [message], null)})
    select from idle`)
}

export async function markReconciled(
  db: Db,
  { tookSeconds }: { tookSeconds: number },
): Promise<void> {
  await db
    .insert(systemMetadata)
    .values({ key: LATEST_RECONCILE, value: { tookSeconds } })
    .onConflictDoUpdate({
      target: systemMetadata.key,
      set: { value: { tookSeconds }, updatedAt: sql`now()` },
    })
}
