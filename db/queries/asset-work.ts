import { eq, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import type { JobMessage } from '#contracts/jobs/define-job.ts'
import { deleteAsset } from '#contracts/jobs/delete-asset.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { assetExif, assetFiles, assets } from '../schema/tables.ts'
import { jobForEach } from './asset-jobs.ts'
import type { Asset, AssetExif, AssetFile, AssetWithExif } from './assets.ts'
import { insertJobs } from './outbox.ts'

type Requested = { requestId: string | null }

/** Also one in the trash, since it may come back; not one that is being deleted for good. */
export async function findAssetForWork(
  db: Db,
  assetId: AssetId,
): Promise<AssetWithExif | undefined> {
  const [row] = await db
    .select({ asset: assets, exif: assetExif })
    .from(assets)
    .leftJoin(assetExif, eq(assetExif.assetId, assets.id))
    .where(sql`${assets.id} = ${assetId} and ${assets.status} <> 'deleted'`)
    .limit(1)
  return row && { ...row.asset, exif: row.exif }
}

export async function listAssetFilesForWork(db: Db, assetId: AssetId): Promise<AssetFile[]> {
  return await db
    .select()
    .from(assetFiles)
    .where(eq(assetFiles.assetId, assetId))
    .orderBy(assetFiles.type)
}

/** What extraction may write; `checksum`, owner and state are none of its business. */
type ReadFacts = Partial<
  Pick<
    Asset,
    | 'type'
    | 'originalMimeType'
    | 'fileCreatedAt'
    | 'localDateTime'
    | 'durationMs'
    | 'width'
    | 'height'
    | 'livePhotoVideoId'
  >
>

type Extracted = Requested & {
  assetId: AssetId
  asset: ReadFacts
  exif: Partial<Omit<AssetExif, 'assetId' | 'lockedProperties' | 'updatedAt' | 'updateId'>>
  extractedAt: Date
  jobs: JobMessage[]
}

/**
 * Writes what was read from a file, marks it as read, and records the jobs that follow. What a person has set (see
 * `lockedProperties`) is the caller's to leave out of `asset` and `exif`.
 */
export async function writeExtractedMetadata(
  db: Db,
  { assetId, asset, exif, extractedAt, jobs, requestId }: Extracted,
): Promise<void> {
  await atomically(db, (q) => [
    q
      .insert(assetExif)
      .values({ assetId, ...exif })
      .onConflictDoUpdate({ target: assetExif.assetId, set: { assetId, ...exif } }),
    q
      .update(assets)
      .set({ ...asset, metadataExtractedAt: extractedAt })
      .where(eq(assets.id, assetId)),
    insertJobs(q, jobs, { requestId }),
  ])
}

type Derived = Requested & {
  assetId: AssetId
  files: Omit<AssetFile, 'assetId' | 'createdAt'>[]
  thumbhash: Uint8Array
  /** As shown, after rotation. */
  width: number
  height: number
  thumbnailedAt: Date
  /** For what follows, and for objects that these replace. */
  jobs: JobMessage[]
}

/** Derivatives lie in the store: names them on their rows, marks the asset last. Clears an earlier failure. */
export async function writeDerivatives(
  db: Db,
  { assetId, files, thumbhash, width, height, thumbnailedAt, jobs, requestId }: Derived,
): Promise<void> {
  await atomically(db, (q) => [
    ...files.map((file) =>
      q
        .insert(assetFiles)
        .values({ assetId, ...file })
        .onConflictDoUpdate({
          target: [assetFiles.assetId, assetFiles.type],
          set: { ...file, createdAt: sql`now()` },
        }),
    ),
    q
      .update(assets)
      .set({ thumbhash, width, height, thumbnailedAt, failureReason: null })
      .where(eq(assets.id, assetId)),
    insertJobs(q, jobs, { requestId }),
  ])
}

/** Why this file will never have a thumbnail, in words for its owner. */
export async function markAssetFailed(
  db: Db,
  { assetId, reason }: { assetId: AssetId; reason: string },
): Promise<void> {
  await db.update(assets).set({ failureReason: reason }).where(eq(assets.id, assetId))
}

/** Every object of an asset that is being deleted for good; undefined when its row is gone or it came back. */
export async function findDeletedAssetForWork(
  db: Db,
  assetId: AssetId,
): Promise<{ ownerId: UserId; objectKeys: string[] } | undefined> {
  const { rows } = await db.execute<{ owner_id: UserId; keys: string[] }>(sql`
    select a.owner_id, to_jsonb(array_remove(array[a.original_key, a.sidecar_key]
      || array(select object_key from asset_files f where f.asset_id = a.id), null)) as keys
    from assets a where a.id = ${assetId} and a.status = 'deleted'`)
  const [asset] = rows
  return asset && { ownerId: asset.owner_id, objectKeys: asset.keys }
}

/**
 * Removes the row of an asset whose objects are gone, gives its bytes back to its owner's quota, and sends the motion
 * half of a live photo after it unless another asset shows it too.
 */
export async function deleteAssetForWork(
  db: Db,
  { assetId, requestId }: Requested & { assetId: AssetId },
): Promise<void> {
  await db.execute(sql`
    with gone as (
      delete from assets where id = ${assetId} and status = 'deleted'
      returning id, owner_id, size_bytes, live_photo_video_id),
    refunded as (
      update users set quota_usage_bytes = greatest(0, quota_usage_bytes - gone.size_bytes)
      from gone where users.id = gone.owner_id),
    orphaned as (
      update assets set status = 'deleted', trashed_at = coalesce(assets.trashed_at, now())
      from gone where assets.id = gone.live_photo_video_id and assets.visibility = 'hidden'
        and not exists (select from assets other
          where other.live_photo_video_id = assets.id and other.id <> gone.id)
      returning assets.id),
    queued as (${jobForEach(sql`orphaned`, (id) => deleteAsset.message({ assetId: id }), requestId)})
    select from gone`)
}

/** Those of these keys that a row still names; the others may be removed from the store. */
export async function listReferencedKeysForWork(db: Db, keys: string[]): Promise<string[]> {
  const { rows } = await db.execute<{ key: string }>(sql`
    with keys as (select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb) as key)
    select key from keys where exists (select from assets a where a.original_key = key or a.sidecar_key = key)
      or exists (select from asset_files f where f.object_key = key)
      or exists (select from uploads u where u.object_key = key and u.state in ('pending', 'verifying'))
    order by key`)
  return rows.map(({ key }) => key)
}

/** For the deletion of a user: marks up to `limit` of their assets as deleted, a job each, and answers how many. */
export async function deleteAssetsOfUserForWork(
  db: Db,
  { ownerId, limit, requestId }: Requested & { ownerId: UserId; limit: number },
): Promise<number> {
  const { rows } = await db.execute<{ count: string }>(sql`
    with changed as (
      update assets set status = 'deleted', trashed_at = coalesce(trashed_at, now())
      where id = any(array(
        select id from assets where owner_id = ${ownerId} and status <> 'deleted' order by id limit ${limit}))
      returning id),
    queued as (${jobForEach(sql`changed`, (assetId) => deleteAsset.message({ assetId }), requestId)})
    select count(*) as count from changed`)
  return Number(rows[0]?.count)
}

/** Assets whose rows still stand, deleted ones included: the user's row must outlive them. */
export async function hasAssetsForWork(db: Db, ownerId: UserId): Promise<boolean> {
  const { rows } = await db.execute<{ found: boolean }>(
    sql`select exists (select from assets where owner_id = ${ownerId}) as found`,
  )
  return rows[0]?.found === true
}
