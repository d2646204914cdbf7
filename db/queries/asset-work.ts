import { eq, type SQL, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import type { JobMessage } from '#contracts/jobs/define-job.ts'
import { deleteAsset } from '#contracts/jobs/delete-asset.ts'
import { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import type { Db } from '../client.ts'
import { assetExif, assetFiles, assets } from '../schema/tables.ts'
import { jobForEach, jobsIfAny } from './asset-jobs.ts'
import type { Asset, AssetExif, AssetFile } from './assets.ts'

type Requested = { requestId: string | null }

/** What jobs need of an asset; a row of every column costs twice the time. */
export type AssetForWork = Pick<
  Asset,
  | 'id'
  | 'ownerId'
  | 'originalKey'
  | 'originalMimeType'
  | 'sizeBytes'
  | 'sidecarKey'
  | 'fileCreatedAt'
  | 'fileModifiedAt'
  | 'localDateTime'
  | 'derivativesVersion'
  | 'thumbnailedAt'
> & { exif: Pick<AssetExif, 'timeZone' | 'latitude' | 'longitude'> | null }

/** Also one in the trash, since it may come back; not one that is being deleted for good. */
export async function findAssetForWork(
  db: Db,
  assetId: AssetId,
): Promise<AssetForWork | undefined> {
  const [asset] = await db
    .select({
      id: assets.id,
      ownerId: assets.ownerId,
      originalKey: assets.originalKey,
      originalMimeType: assets.originalMimeType,
      sizeBytes: assets.sizeBytes,
      sidecarKey: assets.sidecarKey,
      fileCreatedAt: assets.fileCreatedAt,
      fileModifiedAt: assets.fileModifiedAt,
      localDateTime: assets.localDateTime,
      derivativesVersion: assets.derivativesVersion,
      thumbnailedAt: assets.thumbnailedAt,
      exif: {
        timeZone: assetExif.timeZone,
        latitude: assetExif.latitude,
        longitude: assetExif.longitude,
      },
    })
    .from(assets)
    .leftJoin(assetExif, eq(assetExif.assetId, assets.id))
    .where(sql`${assets.id} = ${assetId} and ${assets.status} <> 'deleted'`)
    .limit(1)
  return asset
}

export async function listAssetFilesForWork(db: Db, assetId: AssetId): Promise<AssetFile[]> {
  return await db
    .select()
    .from(assetFiles)
    .where(eq(assetFiles.assetId, assetId))
    .orderBy(assetFiles.type)
}

/** What extraction writes; `checksum`, owner and state are none of its business. */
export type ExtractedAsset = Pick<Asset, 'type' | 'originalMimeType' | 'durationMs'> & {
  /** Undefined leaves what stands. */
  takenAt: { instant: Date; wallClock: Date } | undefined
  size: { width: number; height: number } | undefined
}

/** Places have names by another job; the file's own size was known at its upload. */
export type ExtractedExif = Omit<
  AssetExif,
  'assetId' | 'lockedProperties' | 'updatedAt' | 'updateId' | 'city' | 'state' | 'country'
>

type Extracted = Requested & {
  assetId: AssetId
  asset: ExtractedAsset
  exif: ExtractedExif
  extractedAt: Date
  jobs: JobMessage[]
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Fields that a person set stay, also when that happens while the file is being read. */
function exifOf(exif: ExtractedExif): SQL {
  const names = Object.keys(exif).map((name) => ({ name, column: snakeCase(name) }))
  const values = Object.fromEntries(
    names.map(({ name, column }) => [column, exif[name as keyof ExtractedExif]]),
  )
  const columns = names.map(({ column }) => sql.identifier(column))
  const kept = names.map(({ name, column }) => {
    const field = sql.identifier(column)
    return sql`${field} = case when ${name} = any(asset_exif.locked_properties)
      then asset_exif.${field} else excluded.${field} end`
  })
  const list = sql.join(columns, sql`, `)
  return sql`
    insert into asset_exif (asset_id, ${list})
    select target.id, ${sql.join(
      columns.map((column) => sql`v.${column}`),
      sql`, `,
    )}
    from target, jsonb_populate_record(null::asset_exif, ${JSON.stringify(values)}::jsonb) as v
    on conflict (asset_id) do update set ${sql.join(kept, sql`, `)}`
}

/**
 * Writes what was read from a file, marks it as read, and records the jobs that follow, in one statement that
 * does nothing when the asset is gone.
 */
export async function writeExtractedMetadata(db: Db, extracted: Extracted): Promise<void> {
  const { assetId, asset, exif, extractedAt, jobs, requestId } = extracted
  const { takenAt, size } = asset
  const isDateLocked = sql`exists (select from asset_exif e
    where e.asset_id = ${assetId} and 'dateTimeOriginal' = any(e.locked_properties))`
  await db.execute(sql`
    with target as (
      update assets set
        type = ${asset.type}, original_mime_type = ${asset.originalMimeType},
        duration_ms = ${asset.durationMs}::int,
        width = coalesce(${size?.width ?? null}::int, width),
        height = coalesce(${size?.height ?? null}::int, height),
        file_created_at = case when ${isDateLocked} then file_created_at
          else coalesce(${takenAt?.instant.toISOString() ?? null}::timestamptz, file_created_at) end,
        local_date_time = case when ${isDateLocked} then local_date_time
          else coalesce(${takenAt?.wallClock.toISOString() ?? null}::timestamptz at time zone 'utc', local_date_time) end,
        metadata_extracted_at = ${extractedAt.toISOString()}::timestamptz
      where id = ${assetId} and status <> 'deleted' returning id),
    described as (${exifOf(exif)}),
    queued as (${jobsIfAny(sql`target`, jobs, requestId)})
    select from target`)
}

export type NewAssetFile = Omit<AssetFile, 'assetId' | 'createdAt'>

type Derived = Requested & {
  assetId: AssetId
  derivativesVersion: number
  files: NewAssetFile[]
  /** Undefined leaves what stands. */
  thumbhash: Uint8Array | undefined
  size: { width: number; height: number } | undefined
  thumbnailedAt: Date
  /** For a picture that models have not seen; a live photo's moving part is none of theirs. */
  jobs: JobMessage[]
}

/**
 * Derivatives lie in the store: names them on their rows, marks the asset last, clears an earlier failure, and leaves a
 * job for the objects that they replace beside those that follow. False, and nothing written, when the asset was deleted or moved on to
 * another version meanwhile.
 */
export async function writeDerivatives(db: Db, derived: Derived): Promise<boolean> {
  const { assetId, derivativesVersion, files, thumbhash, size, thumbnailedAt } = derived
  const { jobs, requestId } = derived
  const hash = thumbhash ? Buffer.from(thumbhash).toString('hex') : null
  const { rows } = await db.execute(sql`
    with target as (
      update assets set
        thumbhash = coalesce(decode(${hash}, 'hex'), thumbhash),
        width = coalesce(${size?.width ?? null}::int, width),
        height = coalesce(${size?.height ?? null}::int, height),
        thumbnailed_at = ${thumbnailedAt.toISOString()}::timestamptz, failure_reason = null
      where id = ${assetId} and derivatives_version = ${derivativesVersion}::int and status <> 'deleted'
      returning id, visibility),
    new_files as (
      select target.id as asset_id, f.* from target, jsonb_to_recordset(${JSON.stringify(files)}::jsonb)
        as f(type text, "objectKey" text, "contentType" text, "sizeBytes" bigint, width int, height int)),
    replaced as (
      select jsonb_agg(o.object_key) as keys
      from asset_files o join new_files n using (asset_id, type) where o.object_key <> n."objectKey"),
    named as (
      insert into asset_files (asset_id, type, object_key, content_type, size_bytes, width, height)
      select asset_id, type, "objectKey", "contentType", "sizeBytes", width, height from new_files
      on conflict (asset_id, type) do update set object_key = excluded.object_key,
        content_type = excluded.content_type, size_bytes = excluded.size_bytes,
        width = excluded.width, height = excluded.height, created_at = now()),
    removal as (${removalOfKeys(sql`replaced`, requestId)}),
    seen as (select from target where visibility <> 'hidden'),
    queued as (${jobsIfAny(sql`seen`, jobs, requestId)})
    select from target`)
  return rows.length > 0
}

const ANY_KEY = 'any'

/** One `delete-objects` for the array `keys` in `source`, unless that is null. */
function removalOfKeys(source: SQL, requestId: string | null): SQL {
  const { name, queue, attempts, priority } = deleteObjects.message({ keys: [ANY_KEY] })
  return sql`
    insert into outbox (id, queue, name, payload, attempts, priority, request_id)
    select uuid_v7(), ${queue}, ${name}, jsonb_build_object('keys', keys), ${attempts}::int, ${priority}::int,
           ${requestId}
    from ${source} as source where keys is not null`
}

/** Why this file will never have a thumbnail, in words for its owner, who is answered unless the asset is gone. */
export async function markAssetFailed(
  db: Db,
  { assetId, reason }: { assetId: AssetId; reason: string },
): Promise<UserId | undefined> {
  const [failed] = await db
    .update(assets)
    .set({ failureReason: reason })
    .where(eq(assets.id, assetId))
    .returning({ ownerId: assets.ownerId })
  return failed?.ownerId
}

/** Every object of an asset that is being deleted for good; undefined when its row is gone or it came back. */
export async function findDeletedAssetForWork(
  db: Db,
  assetId: AssetId,
): Promise<{ ownerId: UserId; derivativesVersion: number; objectKeys: string[] } | undefined> {
  type Row = { owner_id: UserId; derivatives_version: number; keys: string[] }
  const { rows } = await db.execute<Row>(sql`
    select a.owner_id, a.derivatives_version, to_jsonb(array_remove(array[a.original_key, a.sidecar_key]
      || array(select object_key from asset_files f where f.asset_id = a.id), null)) as keys
    from assets a where a.id = ${assetId} and a.status = 'deleted'`)
  const [asset] = rows
  return (
    asset && {
      ownerId: asset.owner_id,
      derivativesVersion: asset.derivatives_version,
      objectKeys: asset.keys,
    }
  )
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
      or exists (select from people p where p.thumbnail_key = key)
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
