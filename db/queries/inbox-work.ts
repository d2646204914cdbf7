import { and, asc, eq, inArray, ne, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import type { Db } from '../client.ts'
import { assets, inboxObjects } from '../schema/tables.ts'
import { jobsIfAny } from './asset-jobs.ts'
import type { InboxRow } from './inbox.ts'
import { at, type Place, type Requested } from './inbox-jobs.ts'
import type { SeenObject } from './inbox-notes.ts'

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

/** What became an asset that its owner still has, of which the object may lie there for a moment yet. */
export type ImportedObject = {
  etag: string
  lastModified: Date
  asset: { id: AssetId; originalKey: string; sidecarKey: string | null; sizeBytes: number }
  /** It has lain there for `keptMs` since it was imported. */
  isDue: boolean
}

export async function findImportedForWork(
  db: Db,
  { keptMs, ...place }: Place & { keptMs: number },
): Promise<ImportedObject | undefined> {
  const [found] = await db
    .select({
      etag: inboxObjects.etag,
      lastModified: inboxObjects.lastModified,
      asset: {
        id: assets.id,
        originalKey: assets.originalKey,
        sidecarKey: assets.sidecarKey,
        sizeBytes: assets.sizeBytes,
      },
      isDue: sql<boolean>`${inboxObjects.updatedAt} <= now() - make_interval(secs => ${keptMs / 1000}::float8)`,
    })
    .from(inboxObjects)
    .innerJoin(assets, eq(assets.id, inboxObjects.assetId))
    .where(and(at(place), eq(inboxObjects.state, 'imported'), ne(assets.status, 'deleted')))
    .limit(1)
  return found
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
