import { and, asc, eq, inArray, ne, type SQL, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { importInboxObject } from '#contracts/jobs/import-inbox-object.ts'
import { reconcileInbox } from '#contracts/jobs/reconcile-inbox.ts'
import { inboxPrefixOf } from '#contracts/object-keys.ts'
import type { Db } from '../client.ts'
import { inboxObjects, systemMetadata } from '../schema/tables.ts'
import { jobsIfAny } from './asset-jobs.ts'

export type InboxRow = typeof inboxObjects.$inferSelect

/** As the store tells it; `etag` without quotation marks. */
export type SeenObject = {
  ownerId: UserId
  objectKey: string
  etag: string
  sizeBytes: number
  lastModified: Date
}

type Place = { ownerId: UserId; objectKey: string }
type Requested = { requestId: string | null }

/** Reasons that can pass by themselves: the reconcile looks whether they have. */
export const PASSING = {
  quota: 'The storage quota of this account does not hold this file.',
  account: 'The account that this folder belongs to is closed.',
  trash: 'This file lies in the trash. Restore it there, or remove it here.',
} as const

const at = ({ ownerId, objectKey }: Place) =>
  and(eq(inboxObjects.ownerId, ownerId), eq(inboxObjects.objectKey, objectKey))

const ANYONE = '00000000-0000-7000-8000-000000000000' as UserId
const TEMPLATE = importInboxObject.message({
  ownerId: ANYONE,
  objectKey: `${inboxPrefixOf(ANYONE)}x`,
})

/** One import for each row of `source` (owner_id, object_key). */
function importOfEach(source: SQL, requestId: string | null): SQL {
  const { name, queue, attempts, priority } = TEMPLATE
  return sql`
    insert into outbox (id, queue, name, payload, dedupe_key, attempts, priority, request_id)
    select uuid_v7(), ${queue}, ${name},
      jsonb_build_object('ownerId', s.owner_id, 'objectKey', s.object_key),
      ${`${name}:`}::text || s.object_key, ${attempts}::int, ${priority}::int, ${requestId}
    from ${source} as s
    on conflict (dedupe_key) where sent_at is null and failed_at is null do nothing`
}

const listed = (objects: SeenObject[]) => sql`
  jsonb_to_recordset(${JSON.stringify(objects)}::jsonb) as l("ownerId" uuid, "objectKey" text, etag text,
    "sizeBytes" bigint, "lastModified" timestamptz)`

/** The import of an object that was there a moment ago is about to remove it. */
const JUST_IMPORTED = sql`o.state = 'imported' and o.updated_at > now() - interval '1 minute'`

/**
 * Notes objects that are new or changed, each with the job that imports it; what is known as it is costs no write.
 * Answers how many there were. Objects of nobody are left alone.
 */
export async function noteInboxObjects(
  db: Db,
  { objects, requestId }: Requested & { objects: SeenObject[] },
): Promise<number> {
  if (objects.length === 0) return 0
  const { rows } = await db.execute<{ count: string }>(sql`
    with noted as (
      insert into inbox_objects (owner_id, object_key, etag, size_bytes, last_modified, asset_id)
      select l."ownerId", l."objectKey", l.etag, l."sizeBytes", l."lastModified", uuid_v7()
      from ${listed(objects)} join users u on u.id = l."ownerId"
      where not exists (
        select from inbox_objects o where o.owner_id = l."ownerId" and o.object_key = l."objectKey"
          and ((o.state <> 'imported' and o.etag = l.etag and o.size_bytes = l."sizeBytes") or (${JUST_IMPORTED})))
      on conflict (owner_id, object_key) do update set etag = excluded.etag, size_bytes = excluded.size_bytes,
        last_modified = excluded.last_modified, state = 'waiting', reason = null
      returning owner_id, object_key),
    queued as (${importOfEach(sql`noted`, requestId)})
    select count(*) as count from noted`)
  return Number(rows[0]?.count)
}

/**
 * What an event tells: a hint, which the job checks. False when the inbox belongs to nobody. Unlike a listing it is a
 * change in any case, also when the same bytes came again.
 */
export async function noteInboxEvent(
  db: Db,
  { object, requestId }: Requested & { object: SeenObject },
): Promise<boolean> {
  const { rows } = await db.execute(sql`
    with owner as (select id as owner_id, l."objectKey" as object_key, l.*
      from ${listed([object])} join users u on u.id = l."ownerId"),
    noted as (
      insert into inbox_objects (owner_id, object_key, etag, size_bytes, last_modified, asset_id)
      select owner_id, object_key, etag, "sizeBytes", "lastModified", uuid_v7() from owner
      on conflict (owner_id, object_key) do nothing),
    queued as (${importOfEach(sql`owner`, requestId)})
    select owner_id from owner`)
  return rows.length > 0
}

export type ClaimedObject = {
  isActive: boolean
  /** How many bytes the owner's quota still holds; null: any number. */
  roomBytes: number | null
}

/** Says that a worker looks at this version of an object now; undefined when its owner is gone. */
export async function claimInboxObject(
  db: Db,
  { object, assetId }: { object: SeenObject; assetId: AssetId },
): Promise<ClaimedObject | undefined> {
  const { rows } = await db.execute<{ status: string; room: string | null }>(sql`
    with owner as (
      select id, status, quota_size_bytes - quota_usage_bytes as room from users where id = ${object.ownerId}),
    claimed as (
      insert into inbox_objects (owner_id, object_key, etag, size_bytes, last_modified, state, asset_id)
      select id, ${object.objectKey}, ${object.etag}, ${object.sizeBytes}::bigint,
        ${object.lastModified.toISOString()}::timestamptz, 'importing', ${assetId}::uuid from owner
      on conflict (owner_id, object_key) do update set etag = excluded.etag, size_bytes = excluded.size_bytes,
        last_modified = excluded.last_modified, state = 'importing', reason = null, asset_id = excluded.asset_id)
    select status, room from owner`)
  const [owner] = rows
  return (
    owner && {
      isActive: owner.status === 'active',
      roomBytes: owner.room === null ? null : Number(owner.room),
    }
  )
}

type Judged = Place & { etag: string }

/** It stays where it is, and why; unless another version came meanwhile. */
export async function markInboxRefused(
  db: Db,
  { etag, reason, assetId, ...place }: Judged & { reason: string; assetId?: AssetId },
): Promise<void> {
  await db
    .update(inboxObjects)
    .set({ state: 'refused', reason, ...(assetId && { assetId }) })
    .where(and(at(place), eq(inboxObjects.etag, etag)))
}

/** It stays, and is looked at again when something else happens. */
export async function markInboxWaiting(
  db: Db,
  { etag, reason, ...place }: Judged & { reason: string },
): Promise<void> {
  await db
    .update(inboxObjects)
    .set({ state: 'waiting', reason })
    .where(and(at(place), eq(inboxObjects.etag, etag)))
}

export async function markInboxImported(
  db: Db,
  { etag, assetId, ...place }: Judged & { assetId: AssetId },
): Promise<void> {
  await db
    .update(inboxObjects)
    .set({ state: 'imported', reason: null, assetId })
    .where(and(at(place), eq(inboxObjects.etag, etag)))
}

/** The job's tries are used up. */
export async function markInboxExhausted(
  db: Db,
  { reason, ...place }: Place & { reason: string },
): Promise<void> {
  await db
    .update(inboxObjects)
    .set({ state: 'refused', reason })
    .where(and(at(place), ne(inboxObjects.state, 'imported')))
}

/** The object is gone. What became an asset is remembered. */
export async function deleteInboxRow(db: Db, place: Place): Promise<void> {
  await db.delete(inboxObjects).where(and(at(place), ne(inboxObjects.state, 'imported')))
}

/** Those of these keys that anything is known of. */
export async function listInboxRowsForWork(
  db: Db,
  { ownerId, objectKeys }: { ownerId: UserId; objectKeys: string[] },
): Promise<InboxRow[]> {
  return await db
    .select()
    .from(inboxObjects)
    .where(and(eq(inboxObjects.ownerId, ownerId), inArray(inboxObjects.objectKey, objectKeys)))
    .orderBy(asc(inboxObjects.objectKey))
}

/** Rows of files whose key is the stem, a dot and an extension. */
export async function listInboxSiblingsForWork(
  db: Db,
  { ownerId, stem, limit }: { ownerId: UserId; stem: string; limit: number },
): Promise<InboxRow[]> {
  return await db
    .select()
    .from(inboxObjects)
    .where(
      and(
        eq(inboxObjects.ownerId, ownerId),
        sql`starts_with(${inboxObjects.objectKey}, ${`${stem}.`})`,
        sql`substr(${inboxObjects.objectKey}, char_length(${stem}::text) + 2) !~ '[./]'`,
      ),
    )
    .orderBy(asc(inboxObjects.objectKey))
    .limit(limit)
}

/** The sidecar lies in the store: names it on the asset's row and has the asset read again. False when it is gone. */
export async function attachSidecarForWork(
  db: Db,
  { assetId, sidecarKey, requestId }: Requested & { assetId: AssetId; sidecarKey: string },
): Promise<boolean> {
  const { rows } = await db.execute(sql`
    with attached as (
      update assets set sidecar_key = ${sidecarKey} where id = ${assetId} and status <> 'deleted' returning id),
    queued as (${jobsIfAny(sql`attached`, [extractMetadata.message({ assetId })], requestId)})
    select id from attached`)
  return rows.length > 0
}

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
  const { name } = TEMPLATE
  await db.execute(sql`
    with lost as (
      select owner_id, object_key from inbox_objects o
      where state in ('waiting', 'importing') and reason is null
        and updated_at < ${untouchedSince.toISOString()}::timestamptz
        and not exists (select from outbox x where x.dedupe_key = ${`${name}:`}::text || o.object_key)),
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

export type InboxCounts = { waiting: number; importing: number; refused: number }

export async function countInbox(db: Db, { viewerId }: { viewerId: UserId }): Promise<InboxCounts> {
  const count = (state: InboxRow['state']) =>
    sql<number>`count(*) filter (where ${inboxObjects.state} = ${state})`.mapWith(Number)
  const [counts] = await db
    .select({
      waiting: count('waiting'),
      importing: count('importing'),
      refused: count('refused'),
    })
    .from(inboxObjects)
    .where(eq(inboxObjects.ownerId, viewerId))
  return counts ?? { waiting: 0, importing: 0, refused: 0 }
}

export type InboxCursor = { isRefused: boolean; objectKey: string }

/** Refused ones first, then in the order of keys. */
export async function listInbox(
  db: Db,
  { viewerId, after, limit }: { viewerId: UserId; after: InboxCursor | undefined; limit: number },
): Promise<InboxRow[]> {
  const rank = sql`(${inboxObjects.state} <> 'refused')`
  return await db
    .select()
    .from(inboxObjects)
    .where(
      and(
        eq(inboxObjects.ownerId, viewerId),
        ne(inboxObjects.state, 'imported'),
        after
          ? sql`(${rank}, ${inboxObjects.objectKey}) > (${!after.isRefused}::boolean, ${after.objectKey})`
          : undefined,
      ),
    )
    .orderBy(rank, asc(inboxObjects.objectKey))
    .limit(limit)
}

/** Those of these objects that are listed for the viewer. */
export async function listInboxKeys(
  db: Db,
  { viewerId, keys }: { viewerId: UserId; keys: string[] },
): Promise<string[]> {
  const rows = await db
    .select({ objectKey: inboxObjects.objectKey })
    .from(inboxObjects)
    .where(
      and(
        eq(inboxObjects.ownerId, viewerId),
        inArray(inboxObjects.objectKey, keys),
        ne(inboxObjects.state, 'imported'),
      ),
    )
  return rows.map(({ objectKey }) => objectKey)
}

export async function deleteInboxObjects(
  db: Db,
  { viewerId, keys }: { viewerId: UserId; keys: string[] },
): Promise<void> {
  await db
    .delete(inboxObjects)
    .where(
      and(
        eq(inboxObjects.ownerId, viewerId),
        inArray(inboxObjects.objectKey, keys),
        ne(inboxObjects.state, 'imported'),
      ),
    )
}

/** Has the viewer's refused or waiting objects looked at again. */
export async function retryInboxObjects(
  db: Db,
  { viewerId, keys, requestId }: Requested & { viewerId: UserId; keys: string[] },
): Promise<void> {
  await db.execute(sql`
    with wanted as (select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb) as key),
    retried as (
      update inbox_objects o set state = 'waiting', reason = null from wanted w
      where o.owner_id = ${viewerId} and o.object_key = w.key and o.state in ('refused', 'waiting')
      returning o.owner_id, o.object_key),
    queued as (${importOfEach(sql`retried`, requestId)})
    select from retried`)
}
