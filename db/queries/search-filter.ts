import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { AlbumId, AssetId, PersonId } from '#contracts/ids.ts'
import { assetExif, assets } from '../schema/tables.ts'
import { filedIn } from './albums.ts'
import { type AssetViewer, visibleIn } from './asset-access.ts'
import type { Asset, AssetFileType, AssetVisibility } from './assets.ts'

/** Members that are absent ask for nothing; null asks for what has none. Instants are ISO 8601. */
export type SearchFilter = {
  id?: AssetId | undefined
  checksum?: Uint8Array | undefined
  type?: Asset['type'] | undefined
  /** Absent: what the timeline and the archive show. Locked assets are found only when they are asked for. */
  visibility?: AssetVisibility | undefined
  isFavorite?: boolean | undefined
  isOffline?: boolean | undefined
  isMotion?: boolean | undefined
  isEncoded?: boolean | undefined
  withDeleted?: boolean | undefined
  originalFileName?: string | undefined
  originalPath?: string | undefined
  description?: string | undefined
  encodedVideoPath?: string | undefined
  previewPath?: string | undefined
  thumbnailPath?: string | undefined
  createdAfter?: string | undefined
  createdBefore?: string | undefined
  updatedAfter?: string | undefined
  updatedBefore?: string | undefined
  takenAfter?: string | undefined
  takenBefore?: string | undefined
  trashedAfter?: string | undefined
  trashedBefore?: string | undefined
  city?: string | null | undefined
  state?: string | null | undefined
  country?: string | null | undefined
  make?: string | null | undefined
  model?: string | null | undefined
  lensModel?: string | null | undefined
  rating?: number | null | undefined
  /** Each of them is in the picture. */
  personIds?: PersonId[] | undefined
  /** It is in each of them, and the viewer is a member. */
  albumIds?: AlbumId[] | undefined
  isNotInAlbum?: boolean | undefined
  minSizeBytes?: number | undefined
  /** Nothing of what it asks for is in this library: tags, external libraries, text in pictures. */
  isUnknown?: boolean | undefined
}

/** What the conditions below speak of. The join costs nothing where no condition needs it. */
export const SEARCHED = sql`${assets} left join ${assetExif} on ${assetExif.assetId} = ${assets.id}`

const EXIF_TEXTS = ['city', 'state', 'country', 'make', 'model', 'lensModel'] as const

function exifConditions(filter: SearchFilter): (SQL | undefined)[] {
  const texts = EXIF_TEXTS.map((name) => sameOrNone(sql`${assetExif[name]}`, filter[name]))
  return [...texts, sameOrNone(sql`${assetExif.rating}`, filter.rating)]
}

function sameOrNone(column: SQL, value: string | number | null | undefined): SQL | undefined {
  if (value === undefined) return undefined
  return value === null ? sql`${column} is null` : sql`${column} = ${value}`
}

const RANGES = {
  created: assets.createdAt,
  updated: assets.updatedAt,
  taken: assets.fileCreatedAt,
  trashed: assets.trashedAt,
}

function rangeConditions(filter: SearchFilter): (SQL | undefined)[] {
  return Object.entries(RANGES).flatMap(([name, column]) => {
    // The names of the ranges and of the filter's members are the same list.
    const after = filter[`${name}After` as keyof SearchFilter]
    const before = filter[`${name}Before` as keyof SearchFilter]
    return [
      after === undefined ? undefined : sql`${column} >= ${after}::timestamptz`,
      before === undefined ? undefined : sql`${column} <= ${before}::timestamptz`,
    ]
  })
}

/** Contains it, whatever the case and the accents. */
export function contains(column: SQL, text: string | undefined): SQL | undefined {
  if (text === undefined) return undefined
  const escaped = text.replace(/[\\%_]/g, (character) => `\\${character}`)
  return sql`search_text(${column}) like '%' || search_text(${escaped}) || '%'`
}

function fileCondition(type: AssetFileType, path: string | undefined): SQL | undefined {
  if (path === undefined) return undefined
  return sql`exists (select from asset_files f
    where f.asset_id = ${assets.id} and f.type = ${type} and f.object_key = ${path})`
}

/** Of anyone's persons only those seen in the viewer's own assets can match. */
function showsAll(personIds: PersonId[] | undefined): SQL | undefined {
  const wanted = [...new Set(personIds)]
  if (wanted.length === 0) return undefined
  return sql`${assets.id} in (
    select f.asset_id from asset_faces f
    where f.person_id = any(${sql.param(wanted)}::uuid[]) and f.deleted_at is null and f.is_visible
    group by f.asset_id having count(distinct f.person_id) = ${wanted.length}::int)`
}

function statusCondition(filter: SearchFilter): SQL | undefined {
  const { withDeleted, trashedAfter, trashedBefore, isOffline } = filter
  // What is offline lies in the trash with its file gone.
  const isTrashAsked = withDeleted || trashedAfter || trashedBefore || isOffline
  return isTrashAsked ? undefined : eq(assets.status, 'active')
}

function isThere(column: SQL, wanted: boolean | undefined): SQL | undefined {
  if (wanted === undefined) return undefined
  return wanted ? sql`${column} is not null` : sql`${column} is null`
}

const encoded = sql`(select f.asset_id from asset_files f where f.asset_id = ${assets.id} and f.type = 'encoded_video')`

/** For a WHERE over `SEARCHED`: what a viewer may see and the filter asks for. */
export function matchingSearch(viewer: AssetViewer, filter: SearchFilter): SQL {
  const { viewerId } = viewer
  const albums = [...new Set(filter.albumIds)].map((albumId) => filedIn({ viewerId, albumId }))
  const isUnfiled = filter.isNotInAlbum && albums.length === 0
  const conditions = and(
    visibleIn(viewer, filter.visibility),
    statusCondition(filter),
    filter.visibility
      ? eq(assets.visibility, filter.visibility)
      : sql`${assets.visibility} in ('timeline', 'archive')`,
    filter.isUnknown ? sql`false` : undefined,
    filter.id && eq(assets.id, filter.id),
    filter.checksum && eq(assets.checksum, filter.checksum),
    filter.type && eq(assets.type, filter.type),
    filter.isFavorite === undefined ? undefined : eq(assets.isFavorite, filter.isFavorite),
    filter.isOffline === undefined ? undefined : eq(assets.isOffline, filter.isOffline),
    isThere(sql`${assets.livePhotoVideoId}`, filter.isMotion),
    isThere(encoded, filter.isEncoded),
    contains(sql`${assets.originalFileName}`, filter.originalFileName),
    contains(sql`${assets.originalKey}`, filter.originalPath),
    contains(sql`${assetExif.description}`, filter.description),
    fileCondition('encoded_video', filter.encodedVideoPath),
    fileCondition('preview', filter.previewPath),
    fileCondition('thumbnail', filter.thumbnailPath),
    ...rangeConditions(filter),
    ...exifConditions(filter),
    showsAll(filter.personIds),
    ...albums,
    isUnfiled
      ? sql`not exists (select from album_assets filed where filed.asset_id = ${assets.id})`
      : undefined,
    filter.minSizeBytes === undefined
      ? undefined
      : sql`${assets.sizeBytes} >= ${filter.minSizeBytes}::bigint`,
  )
  return conditions as SQL // `and` is undefined only without arguments
}
