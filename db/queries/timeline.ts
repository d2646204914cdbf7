import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { AlbumId, PersonId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { assets } from '../schema/tables.ts'
import { filedIn } from './albums.ts'
import { type AssetViewer, visibleIn } from './asset-access.ts'
import type { AssetVisibility } from './assets.ts'
import { showsPerson } from './people.ts'
import { listMonthCounts, type MonthCount } from './timeline-counts.ts'

/** West may be greater than east: the box then crosses the 180th meridian. */
export type BoundingBox = { west: number; south: number; east: number; north: number }

export type TimelineFilter = {
  /** Absent: what the timeline and the archive show. */
  visibility?: AssetVisibility | undefined
  isFavorite?: boolean | undefined
  isTrashed: boolean
  bbox?: BoundingBox | undefined
  albumId?: AlbumId | undefined
  personId?: PersonId | undefined
  order: 'asc' | 'desc'
  /** Months of when a photo was taken, or of when it came into the library. */
  orderBy: 'takenAt' | 'createdAt'
}

type Timeline = AssetViewer & TimelineFilter

const DEFAULT_VISIBILITIES: AssetVisibility[] = ['archive', 'timeline']

/**
 * Only what the counters count by; everything else is counted from the assets themselves. Of hidden ones not everybody
 * sees every one.
 */
const isCounted = ({ isFavorite, bbox, albumId, personId, orderBy, visibility }: TimelineFilter) =>
  [isFavorite, bbox, albumId, personId].every((filter) => filter === undefined) &&
  orderBy === 'takenAt' &&
  visibility !== 'hidden'

/** The month as the index `assets_owner_month_idx` has it. */
const monthOf = (orderBy: TimelineFilter['orderBy']) =>
  orderBy === 'takenAt'
    ? sql`date_trunc('month', ${assets.localDateTime})`
    : sql`date_trunc('month', ${assets.createdAt} at time zone 'utc')`

const longitudeIn = ({ west, east }: BoundingBox) =>
  west <= east
    ? sql`e.longitude between ${west} and ${east}`
    : sql`(e.longitude >= ${west} or e.longitude <= ${east})`

function insideOf(bbox: BoundingBox): SQL {
  return sql`exists (select from asset_exif e where e.asset_id = ${assets.id}
    and e.latitude between ${bbox.south} and ${bbox.north} and ${longitudeIn(bbox)})`
}

function matching({ viewerId, seesLocked, ...filter }: Timeline): SQL {
  const conditions = and(
    visibleIn({ viewerId, seesLocked }, filter.visibility),
    filter.visibility
      ? eq(assets.visibility, filter.visibility)
      : sql`${assets.visibility} in ('timeline', 'archive')`,
    eq(assets.status, filter.isTrashed ? 'trashed' : 'active'),
    filter.isFavorite === undefined ? undefined : eq(assets.isFavorite, filter.isFavorite),
    filter.bbox && insideOf(filter.bbox),
    filter.albumId && filedIn({ viewerId, albumId: filter.albumId }),
    filter.personId && showsPerson({ viewerId, personId: filter.personId }),
  )
  return conditions as SQL // `and` is undefined only without arguments
}

/** Months with their number of assets, in the filter's order. */
export async function listTimelineMonths(db: Db, timeline: Timeline): Promise<MonthCount[]> {
  const { viewerId, visibility, seesLocked, isTrashed, order, orderBy } = timeline
  if (isCounted(timeline)) {
    if (visibility === 'locked' && !seesLocked) return []
    const visibilities = visibility ? [visibility] : DEFAULT_VISIBILITIES
    const newestFirst = await listMonthCounts(db, { viewerId, visibilities, isTrashed })
    return order === 'desc' ? newestFirst : newestFirst.reverse()
  }
  const { rows } = await db.execute<{ month: string; count: string }>(sql`
    select ${monthOf(orderBy)}::date::text as month, count(*) as count from assets
    where ${matching(timeline)} group by 1 order by 1 ${order === 'asc' ? sql`asc` : sql`desc`}`)
  return rows.map(({ month, count }) => ({ month, count: Number(count) }))
}

const UTC = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`

// One array per member of Immich's TimeBucketAssetResponseDto, then ours.
const COLUMNS: Record<string, string> = {
  id: 'id',
  ownerId: 'owner_id',
  ratio: 'coalesce(round(width::numeric / nullif(height, 0), 3), 1)',
  isFavorite: 'is_favorite',
  isImage: `type = 'IMAGE'`,
  isTrashed: `status = 'trashed'`,
  visibility: 'visibility',
  thumbhash: `encode(thumbhash, 'base64')`,
  fileCreatedAt: `to_char(file_created_at at time zone 'utc', ${UTC})`,
  createdAt: `to_char(created_at at time zone 'utc', ${UTC})`,
  localOffsetHours: `extract(epoch from local_date_time - (file_created_at at time zone 'utc'))::float8 / 3600`,
  duration: 'duration_ms',
  projectionType: 'projection_type',
  livePhotoVideoId: 'live_photo_video_id',
  city: 'city',
  country: 'country',
  isThumbnailed: 'thumbnailed_at is not null',
  failureReason: 'failure_reason',
}

const COORDINATES = { latitude: 'latitude', longitude: 'longitude' }

/** Only what is sent: whole rows would be sorted at twice the cost. */
const NEEDED = sql`assets.id, owner_id, width, height, is_favorite, type, status, visibility, thumbhash, file_created_at,
  created_at, local_date_time, duration_ms, live_photo_video_id, thumbnailed_at, failure_reason,
  e.projection_type, e.city, e.country, e.latitude, e.longitude`

/** `{"id":[…],"ownerId":[…]}`: joined as text, since json_build_object would copy the megabytes once more. */
function columnsJson(columns: Record<string, string>): SQL {
  const members = Object.entries(columns).map(
    ([name, expression]) => `'"${name}":', coalesce(json_agg(${expression}), '[]')`,
  )
  return sql.raw(`concat('{', ${members.join(", ',', ")}, '}')`)
}

/**
 * The assets of a month as columns: one JSON text, built where the rows are and passed on as it is. By local day,
 * then by instant. The aggregates take the rows in the order of the subquery: an order of their own would sort
 * once for each column.
 */
export async function findTimelineMonth(
  db: Db,
  { month, withCoordinates, ...timeline }: Timeline & { month: string; withCoordinates: boolean },
): Promise<string> {
  const direction = timeline.order === 'asc' ? sql`asc` : sql`desc`
  const isByTaken = timeline.orderBy === 'takenAt'
  const instant = isByTaken ? assets.fileCreatedAt : assets.createdAt
  const day = isByTaken
    ? sql`${assets.localDateTime}::date`
    : sql`(${assets.createdAt} at time zone 'utc')::date`
  const { rows } = await db.execute<{ columns: string }>(sql`
    select ${columnsJson({ ...COLUMNS, ...(withCoordinates && COORDINATES) })} as columns
    from (
      select ${NEEDED} from assets left join asset_exif e on e.asset_id = assets.id
      where ${matching(timeline)} and ${monthOf(timeline.orderBy)} = ${month}::timestamp
      order by ${day} ${direction}, ${instant} ${direction}, assets.id ${direction}) as found`)
  return rows[0]?.columns ?? '{}'
}
