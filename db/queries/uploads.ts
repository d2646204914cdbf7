import { and, asc, eq, inArray, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { AssetClaims } from '#contracts/api/uploads.ts'
import type { AssetId, UploadId, UserId } from '#contracts/ids.ts'
import type { JobMessage } from '#contracts/jobs/define-job.ts'
import { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { verifyUpload } from '#contracts/jobs/verify-upload.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { violates } from '../database-error.ts'
import { uploads } from '../schema/tables.ts'
import { jobsIfAny } from './asset-jobs.ts'
import { type ExistingAsset, findAssetByChecksum } from './assets.ts'
import { insertJobs } from './outbox.ts'

export type Upload = typeof uploads.$inferSelect
export type NewUpload = typeof uploads.$inferInsert

type Requested = { requestId: string | null }
type Scope = { viewerId: UserId; uploadId: UploadId }

const OPEN = ['pending', 'verifying'] as const

const isSame = ({ id, ownerId }: Pick<Upload, 'id' | 'ownerId'>) =>
  and(eq(uploads.id, id), eq(uploads.ownerId, ownerId))
const ownedBy = ({ viewerId, uploadId }: Scope) =>
  and(eq(uploads.id, uploadId), eq(uploads.ownerId, viewerId), eq(uploads.kind, 'presigned'))

/**
 * Announces an upload before its first byte. Of one file one upload is open at a time: if another came first, that
 * one is answered, with these claims.
 */
export async function insertPresignedUpload(db: Db, upload: NewUpload): Promise<Upload> {
  const [row] = await db
    .insert(uploads)
    .values(upload)
    .onConflictDoUpdate({
      target: [uploads.ownerId, uploads.checksum],
      targetWhere: sql`state in ('pending', 'verifying') and kind = 'presigned'`,
      set: {
        claims: sql`excluded.claims`,
        partChecksums: sql`coalesce(excluded.part_checksums, ${uploads.partChecksums})`,
      },
    })
    .returning()
  if (!row) throw new Error('an upsert gave no row')
  return row
}

export async function insertFormUpload(db: Db, upload: NewUpload): Promise<void> {
  await db.insert(uploads).values(upload)
}

/** For the copy that a dropped object becomes. */
export async function insertInboxUpload(db: Db, upload: NewUpload): Promise<Upload> {
  const [row] = await db.insert(uploads).values(upload).returning()
  if (!row) throw new Error('an insert gave no row')
  return row
}

/** For the sweep: what a copy that dies leaves behind. */
export async function updateMultipartIdForWork(
  db: Db,
  { uploadId, multipartId }: { uploadId: UploadId; multipartId: string },
): Promise<void> {
  await db.update(uploads).set({ multipartId }).where(eq(uploads.id, uploadId))
}

export async function findUpload(db: Db, scope: Scope): Promise<Upload | undefined> {
  const [upload] = await db.select().from(uploads).where(ownedBy(scope)).limit(1)
  return upload
}

export async function findUploadForWork(db: Db, uploadId: UploadId): Promise<Upload | undefined> {
  const [upload] = await db.select().from(uploads).where(eq(uploads.id, uploadId)).limit(1)
  return upload
}

/** Unfinished ones, oldest first. */
export async function listOpenUploads(
  db: Db,
  { viewerId, limit }: { viewerId: UserId; limit: number },
): Promise<Upload[]> {
  return await db
    .select()
    .from(uploads)
    .where(
      and(
        eq(uploads.ownerId, viewerId),
        inArray(uploads.state, [...OPEN]),
        eq(uploads.kind, 'presigned'),
      ),
    )
    .orderBy(asc(uploads.id))
    .limit(limit)
}

/** False when the upload has another multipart upload by now: this one is to be aborted then. */
export async function updateMultipartId(
  db: Db,
  { from, to, ...scope }: Scope & { from: string | null; to: string },
): Promise<boolean> {
  const was = from === null ? isNull(uploads.multipartId) : eq(uploads.multipartId, from)
  const updated = await db
    .update(uploads)
    .set({ multipartId: to })
    .where(and(ownedBy(scope), was, eq(uploads.state, 'pending')))
    .returning({ id: uploads.id })
  return updated.length > 0
}

export async function updateSidecarKey(
  db: Db,
  { sidecarKey, ...scope }: Scope & { sidecarKey: string },
): Promise<void> {
  await db.update(uploads).set({ sidecarKey }).where(ownedBy(scope))
}

/** Tells the sweep that a long form upload is alive. */
export async function markUploadAlive(db: Db, { viewerId, uploadId }: Scope): Promise<void> {
  const isOwn = isSame({ id: uploadId, ownerId: viewerId })
  await db.update(uploads).set({ updatedAt: sql`now()` }).where(isOwn)
}

/** All bytes are there, but the store cannot prove their SHA-1: a worker shall. */
export async function markUploadVerifying(
  db: Db,
  { upload, requestId }: Requested & { upload: Pick<Upload, 'id' | 'ownerId'> },
): Promise<void> {
  const { id: uploadId, ownerId } = upload
  await db.execute(sql`
    with changed as (
      update uploads set state = 'verifying'
      where id = ${uploadId} and owner_id = ${ownerId} and state = 'pending' returning id),
    queued as (${jobsIfAny(sql`changed`, [verifyUpload.message({ uploadId })], requestId)})
    select from changed`)
}

/** The bytes are not what was announced. Its objects go with a job. */
export async function markUploadFailed(
  db: Db,
  { upload, reason, requestId }: Requested & { upload: Upload; reason: string },
): Promise<void> {
  await settle(db, { upload, requestId }, { state: 'failed', reason, resultAssetId: null })
}

/** The bytes are an asset that the owner has. Its objects go with a job. */
export async function markUploadDuplicate(
  db: Db,
  { upload, assetId, requestId }: Requested & { upload: Upload; assetId: AssetId },
): Promise<void> {
  await settle(
    db,
    { upload, requestId },
    { state: 'duplicate', reason: null, resultAssetId: assetId },
  )
}

async function settle(
  db: Db,
  { upload, requestId }: Requested & { upload: Upload },
  end: Pick<Upload, 'state' | 'reason' | 'resultAssetId'>,
): Promise<void> {
  await atomically(db, (q) => [
    q
      .update(uploads)
      .set(end)
      .where(and(isSame(upload), inArray(uploads.state, [...OPEN]))),
    insertJobs(q, [removalOf(upload)], { requestId }),
  ])
}

type Located = Pick<Upload, 'id' | 'ownerId' | 'assetId' | 'objectKey'>

/** With the sidecar's key in any case: its object comes before its mention on the row. */
const keysOf = ({ objectKey, ...owned }: Located) => [objectKey, objectKeys.sidecar(owned)]

function removalOf(upload: Located): JobMessage {
  return deleteObjects.message({ keys: keysOf(upload) })
}

/** Forgets an upload that is not settled; whatever lies in the store for it goes with a job. */
export async function deleteUpload(
  db: Db,
  { upload, requestId }: Requested & { upload: Located },
): Promise<void> {
  await db.execute(sql`
    with gone as (
      delete from uploads where ${isSame(upload)} and state in ('pending', 'verifying') returning id),
    queued as (${jobsIfAny(sql`gone`, [removalOf(upload)], requestId)})
    select from gone`)
}

type Arrived = Requested & {
  upload: Pick<Upload, 'id' | 'ownerId' | 'kind'>
  asset: {
    id: AssetId
    type: 'IMAGE' | 'VIDEO'
    originalKey: string
    originalFileName: string
    originalMimeType: string
    sizeBytes: number
    checksum: Uint8Array
    sidecarKey: string | null
  }
  claims: AssetClaims
}

export type InsertedAsset = { status: 'created' | 'duplicate'; assetId: AssetId }

const bytes = (value: Uint8Array) => sql`decode(${Buffer.from(value).toString('hex')}, 'hex')`

/** `2024-05-01T12:00:00+02:00` was noon where it was taken, and that noon decides the month. */
function wallClockOf({ localDateTime, fileCreatedAt }: AssetClaims): string {
  return (localDateTime ?? fileCreatedAt).replace(/(?:Z|[+-]\d\d:?\d\d)$/i, '')
}

/** The upload's end: a row that stays for the client that asks again, or none where no client will. */
function settledUpload({ upload, asset }: Arrived): SQL {
  const open = sql`where ${isSame(upload)} and state in ('pending', 'verifying')`
  if (upload.kind !== 'presigned') return sql`delete from uploads ${open} returning id`
  return sql`update uploads set state = 'complete', result_asset_id = ${asset.id}::uuid ${open} returning id`
}

/**
 * Makes the asset of an upload whose bytes lie in the store and are proven: asset, exif, quota, the upload's end and
 * the first job, in one statement that does nothing unless the upload is still open. The motion half of
 * a live photo leaves the timeline.
 */
function assetOf(arrived: Arrived): SQL {
  const { asset, claims, upload, requestId } = arrived
  const motionId = claims.livePhotoVideoId ?? null
  return sql`
    with settled as (${settledUpload(arrived)}),
    asset as (
      insert into assets (id, owner_id, type, original_key, original_file_name, original_mime_type, size_bytes,
        checksum, sidecar_key, file_created_at, file_modified_at, local_date_time, duration_ms, width, height,
        visibility, is_favorite, live_photo_video_id)
      select ${asset.id}::uuid, ${upload.ownerId}::uuid, ${asset.type}, ${asset.originalKey}, ${asset.originalFileName},
        ${asset.originalMimeType}, ${asset.sizeBytes}::bigint, ${bytes(asset.checksum)}, ${asset.sidecarKey},
        ${claims.fileCreatedAt}::timestamptz, ${claims.fileModifiedAt}::timestamptz,
        ${wallClockOf(claims)}::timestamp, ${claims.durationMs ?? null}::int, ${claims.width ?? null}::int,
        ${claims.height ?? null}::int, ${claims.visibility ?? 'timeline'}, ${claims.isFavorite ?? false}::boolean,
        (select id from assets where id = ${motionId}::uuid and owner_id = ${upload.ownerId})
      from settled returning id, owner_id, size_bytes),
    exif as (
      insert into asset_exif (asset_id, file_size_bytes, time_zone, latitude, longitude)
      select id, size_bytes, ${claims.timeZone ?? null}, ${claims.latitude ?? null}::float8,
        ${claims.longitude ?? null}::float8 from asset),
    hidden as (
      update assets set visibility = 'hidden' from asset
      where assets.id = ${motionId}::uuid and assets.owner_id = asset.owner_id and assets.visibility = 'timeline'),
    queued as (${jobsIfAny(sql`asset`, [extractMetadata.message({ assetId: asset.id })], requestId)}),
    charged as (
      update users set quota_usage_bytes = quota_usage_bytes + asset.size_bytes
      from asset where users.id = asset.owner_id)
    select id from asset`
}

async function insertOnce(db: Db, arrived: Arrived): Promise<boolean> {
  try {
    return (await db.execute(assetOf(arrived))).rows.length > 0
  } catch (error) {
    // The same bytes came first, by another upload or by an earlier try of this one.
    if (violates(error, 'assets_owner_checksum_key') || violates(error, 'assets_pkey')) return false
    throw error
  }
}

/**
 * See `assetOf`. `created` with the asset, also when an earlier try had made it; `duplicate` with the asset that has
 * these bytes already, while the upload is still open; undefined when someone gave the upload up.
 */
export async function insertAssetOfUpload(
  db: Db,
  arrived: Arrived,
): Promise<InsertedAsset | undefined> {
  const { asset, upload } = arrived
  if (await insertOnce(db, arrived)) return { status: 'created', assetId: asset.id }
  const existing: ExistingAsset | undefined = await findAssetByChecksum(db, {
    viewerId: upload.ownerId,
    checksum: asset.checksum,
  })
  if (!existing) return undefined
  return { status: existing.id === asset.id ? 'created' : 'duplicate', assetId: existing.id }
}

/** For the sweep: open uploads that nothing has happened to since the instant, oldest first. */
export async function listStaleUploadsForWork(
  db: Db,
  { untouchedSince, afterId, limit }: { untouchedSince: Date; afterId?: UploadId; limit: number },
): Promise<Upload[]> {
  return await db
    .select()
    .from(uploads)
    .where(
      and(
        inArray(uploads.state, [...OPEN]),
        lt(uploads.updatedAt, untouchedSince),
        afterId ? sql`${uploads.id} > ${afterId}` : undefined,
      ),
    )
    .orderBy(asc(uploads.id))
    .limit(limit)
}

/** Settled ones are kept for clients that ask again, not for ever. */
export async function deleteSettledUploadsForWork(
  db: Db,
  { settledBefore }: { settledBefore: Date },
): Promise<void> {
  await db
    .delete(uploads)
    .where(
      and(
        inArray(uploads.state, ['complete', 'duplicate', 'failed']),
        lt(uploads.updatedAt, settledBefore),
      ),
    )
}
