import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import type { Db } from '../client.ts'
import { assetExif, assetFiles, assets } from '../schema/tables.ts'
import {
  type AssetScope,
  type AssetViewer,
  LIES_IN_LOCKED_FOLDER,
  visibleTo,
} from './asset-access.ts'
import { jobForEach } from './asset-jobs.ts'
import { changeOfMotion } from './live-photos.ts'
import { type Person, peopleOfAsset } from './people.ts'

export type Asset = typeof assets.$inferSelect
export type AssetExif = typeof assetExif.$inferSelect
export type AssetFile = typeof assetFiles.$inferSelect
export type AssetFileType = AssetFile['type']
/** People where they are asked for. */
export type AssetWithExif = Asset & { exif: AssetExif | null; people?: Person[] }
export type AssetVisibility = Asset['visibility']

type Requested = { requestId: string }
type ManyAssets = AssetViewer & { assetIds: AssetId[] }

export async function findAsset(db: Db, scope: AssetScope): Promise<AssetWithExif | undefined> {
  const [row] = await db
    .select({ asset: assets, exif: assetExif, people: peopleOfAsset(scope) })
    .from(assets)
    .leftJoin(assetExif, eq(assetExif.assetId, assets.id))
    .where(and(eq(assets.id, scope.assetId), visibleTo(scope)))
    .limit(1)
  return row && { ...row.asset, exif: row.exif, people: row.people }
}

export type AssetBytes = {
  id: AssetId
  type: Asset['type']
  isLocked: boolean
  originalKey: string
  originalFileName: string
  originalMimeType: string
  sizeBytes: number
  checksum: Uint8Array
  failureReason: string | null
  files: Pick<AssetFile, 'type' | 'objectKey' | 'contentType' | 'sizeBytes'>[]
}

/** Where an asset's bytes lie: what is needed to send them, in one statement. */
export async function findAssetBytes(db: Db, scope: AssetScope): Promise<AssetBytes | undefined> {
  const files = sql<AssetBytes['files']>`coalesce((
    select json_agg(json_build_object('type', f.type, 'objectKey', f.object_key,
                                      'contentType', f.content_type, 'sizeBytes', f.size_bytes))
    from asset_files f where f.asset_id = ${assets.id}), '[]'::json)`
  const [asset] = await db
    .select({
      id: assets.id,
      type: assets.type,
      isLocked: LIES_IN_LOCKED_FOLDER,
      originalKey: assets.originalKey,
      originalFileName: assets.originalFileName,
      originalMimeType: assets.originalMimeType,
      sizeBytes: assets.sizeBytes,
      checksum: assets.checksum,
      failureReason: assets.failureReason,
      files,
    })
    .from(assets)
    .where(and(eq(assets.id, scope.assetId), visibleTo(scope)))
    .limit(1)
  return asset
}

export type ExistingAsset = { id: AssetId; isTrashed: boolean }

/** The viewer's asset with these bytes. A locked one counts too: its owner holds the bytes in hand. */
export async function findAssetByChecksum(
  db: Db,
  { viewerId, checksum }: { viewerId: UserId; checksum: Uint8Array },
): Promise<ExistingAsset | undefined> {
  const [asset] = await db
    .select({ id: assets.id, status: assets.status })
    .from(assets)
    .where(
      and(
        eq(assets.ownerId, viewerId),
        eq(assets.checksum, checksum),
        ne(assets.status, 'deleted'),
      ),
    )
    .limit(1)
  return asset && { id: asset.id, isTrashed: asset.status === 'trashed' }
}

/** By SHA-1 in hex: what the viewer has of these. */
export async function listAssetsByChecksum(
  db: Db,
  { viewerId, checksumsHex }: { viewerId: UserId; checksumsHex: string[] },
): Promise<Map<string, ExistingAsset>> {
  const { rows } = await db.execute<{ checksum: string; id: AssetId; status: string }>(sql`
    select encode(checksum, 'hex') as checksum, id, status from assets
    where owner_id = ${viewerId} and status <> 'deleted'
      and checksum in (select decode(hex, 'hex') from jsonb_array_elements_text(${JSON.stringify(checksumsHex)}::jsonb) as hex)
    order by id`)
  return new Map(
    rows.map(({ checksum, id, status }) => [checksum, { id, isTrashed: status === 'trashed' }]),
  )
}

export type AssetState = {
  id: AssetId
  thumbhash: Uint8Array | null
  thumbnailedAt: Date | null
  failureReason: string | null
  width: number | null
  height: number | null
}

/** How far the work on these assets is. What the viewer may not see is absent. */
export async function listAssetStates(
  db: Db,
  { assetIds, ...viewer }: ManyAssets,
): Promise<AssetState[]> {
  return await db
    .select({
      id: assets.id,
      thumbhash: assets.thumbhash,
      thumbnailedAt: assets.thumbnailedAt,
      failureReason: assets.failureReason,
      width: assets.width,
      height: assets.height,
    })
    .from(assets)
    .where(and(visibleTo(viewer), anyOf(assetIds)))
    .orderBy(assets.id)
}

export type DerivativeKey = { assetId: AssetId; objectKey: string }

/** Never those of locked assets, whoever asks: a signed URL works for everybody who has it. */
export async function listDerivativeKeys(
  db: Db,
  { viewerId, assetIds, type }: { viewerId: UserId; assetIds: AssetId[]; type: AssetFileType },
): Promise<DerivativeKey[]> {
  return await db
    .select({ assetId: assetFiles.assetId, objectKey: assetFiles.objectKey })
    .from(assetFiles)
    .innerJoin(assets, eq(assets.id, assetFiles.assetId))
    .where(
      and(visibleTo({ viewerId, seesLocked: false }), anyOf(assetIds), eq(assetFiles.type, type)),
    )
    .orderBy(assetFiles.assetId)
}

function anyOf(assetIds: AssetId[]): SQL {
  return sql`${assets.id} = any(${sql.param(assetIds)}::uuid[])`
}

/** What a person changes. Absent members stay as they are. */
export type AssetChange = {
  isFavorite?: boolean | undefined
  visibility?: AssetVisibility | undefined
  livePhotoVideoId?: AssetId | null | undefined
  description?: string | undefined
  rating?: number | null | undefined
  latitude?: number | undefined
  longitude?: number | undefined
  /** The instant and the wall clock of one moment. */
  takenAt?: { instant: Date; local: Date; timeZone: string | null } | undefined
  shiftMinutes?: number | undefined
  timeZone?: string | undefined
}

function list(parts: (SQL | undefined)[]): SQL[] {
  return parts.filter((part) => part !== undefined)
}

/** As text, Postgres takes an offset for POSIX, where the sign is the other way round. */
const zoneSql = (zone: string) =>
  /^[+-]\d/.test(zone) ? sql`${zone}::interval` : sql`${zone}::text`

function assetAssignments(change: AssetChange): SQL[] {
  const { isFavorite, visibility, livePhotoVideoId, takenAt, shiftMinutes, timeZone } = change
  const shift = sql`make_interval(mins => ${shiftMinutes}::int)`
  return list([
    isFavorite === undefined ? undefined : sql`is_favorite = ${isFavorite}`,
    visibility && sql`visibility = ${visibility}`,
    // Locking moves the derivatives, so that no URL signed before still finds them.
    visibility === 'locked'
      ? sql`derivatives_version = derivatives_version + (visibility <> 'locked')::int`
      : undefined,
    livePhotoVideoId === undefined
      ? undefined
      : sql`live_photo_video_id = ${livePhotoVideoId}::uuid`,
    takenAt && sql`file_created_at = ${takenAt.instant.toISOString()}::timestamptz`,
    takenAt &&
      sql`local_date_time = ${takenAt.local.toISOString()}::timestamptz at time zone 'utc'`,
    shiftMinutes === undefined
      ? undefined
      : sql`file_created_at = file_created_at + ${shift}, local_date_time = local_date_time + ${shift}`,
    // Another zone moves the wall clock; the instant stays.
    timeZone && !takenAt && shiftMinutes === undefined
      ? sql`local_date_time = file_created_at at time zone ${zoneSql(timeZone)}`
      : undefined,
  ])
}

function exifAssignments(change: AssetChange): { sets: SQL[]; locked: string[] } {
  const { description, rating, latitude, longitude, takenAt, shiftMinutes, timeZone } = change
  const { livePhotoVideoId } = change
  const zone = timeZone ?? takenAt?.timeZone
  const entries: [string, SQL | undefined][] = [
    ['description', description === undefined ? undefined : sql`description = ${description}`],
    ['rating', rating === undefined ? undefined : sql`rating = ${rating}::int`],
    ['latitude', latitude === undefined ? undefined : sql`latitude = ${latitude}::float8`],
    ['longitude', longitude === undefined ? undefined : sql`longitude = ${longitude}::float8`],
    [
      'dateTimeOriginal',
      takenAt
        ? sql`date_time_original = ${takenAt.instant.toISOString()}::timestamptz`
        : shiftMinutes === undefined
          ? undefined
          : sql`date_time_original = date_time_original + make_interval(mins => ${shiftMinutes}::int)`,
    ],
    ['timeZone', zone === undefined || zone === null ? undefined : sql`time_zone = ${zone}`],
    // Whom the file names as its other half stays; that a person has decided is what is kept.
    [
      'livePhotoVideoId',
      livePhotoVideoId === undefined
        ? undefined
        : sql`live_photo_content_id = live_photo_content_id`,
    ],
  ]
  const present = entries.filter((entry): entry is [string, SQL] => entry[1] !== undefined)
  return { sets: present.map(([, set]) => set), locked: present.map(([name]) => name) }
}

/** The derivatives of a video move with those of its still, which went into the locked folder. */
const MOVED_MOTION = sql`
  update assets motion set derivatives_version = motion.derivatives_version + 1
  from assets still join moved using (id)
  where motion.id = still.live_photo_video_id and motion.owner_id = still.owner_id
    and motion.visibility = 'hidden' and motion.id not in (select id from wanted)
  returning motion.id`

/** What becomes the motion half of a live photo is a video that the viewer may see. */
function isOwnVideo(viewer: AssetViewer, videoId: AssetId | null | undefined): SQL {
  if (!videoId) return sql`true`
  return sql`exists (select from assets where id = ${videoId} and type = 'VIDEO' and ${visibleTo(viewer)})`
}

/**
 * Changes all of these assets, or none unless the viewer may see every one: false then. What a person sets
 * is locked against what extraction reads. What goes into the locked folder leaves its albums.
 */
export async function updateAssets(
  db: Db,
  { assetIds, change, requestId, ...viewer }: ManyAssets & Requested & { change: AssetChange },
): Promise<boolean> {
  const ids = [...new Set(assetIds)]
  const { livePhotoVideoId } = change
  const { sets, locked } = exifAssignments(change)
  const assetSets = assetAssignments(change)
  const described = sets.length
    ? sql`described as (
        update asset_exif set ${sql.join(sets, sql`, `)},
          locked_properties = array(select distinct unnest(locked_properties || ${sql.param(locked)}::text[]) order by 1)
        where asset_id in (select id from changed))`
    : sql`described as (select)`
  const { rows } = await db.execute<{ is_allowed: boolean }>(sql`
    with wanted as (
      select id, visibility, live_photo_video_id from assets where ${visibleTo(viewer)} and ${anyOf(ids)} for update),
    verdict as (
      select count(*) = ${ids.length}::int and ${isOwnVideo(viewer, livePhotoVideoId)} as is_allowed from wanted),
    changed as (
      update assets set ${assetSets.length ? sql.join(assetSets, sql`, `) : sql`id = id`}
      where id in (select id from wanted) and (select is_allowed from verdict) returning id),
    ${described},
    ${livePhotoVideoId === undefined ? sql`` : sql`${changeOfMotion(livePhotoVideoId)},`}
    moved as (select w.id from wanted w join changed c using (id)
              where ${change.visibility === 'locked'} and w.visibility <> 'locked'),
    shut_away as (delete from album_assets where asset_id in (select id from moved)),
    halves as (${livePhotoVideoId === undefined ? MOVED_MOTION : sql`select id from moved where false`}),
    queued as (${jobForEach(sql`(select id from moved union select id from halves)`, (assetId) => makeThumbnails.message({ assetId }), requestId)})
    select is_allowed from verdict`)
  return rows[0]?.is_allowed === true
}
