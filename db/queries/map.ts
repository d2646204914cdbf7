import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Db } from '../client.ts'
import { assetExif, assets } from '../schema/tables.ts'
import { type AssetViewer, visibleTilesTo } from './asset-access.ts'

type Markers = AssetViewer & {
  fileCreatedAfter?: string | undefined
  fileCreatedBefore?: string | undefined
  /** Archived ones too. */
  isArchived?: boolean | undefined
  isFavorite?: boolean | undefined
}

/** Where the viewer's photos were taken, newest first, as Immich's list of markers: JSON made where the rows are. */
export async function findMapMarkersJson(
  db: Db,
  { fileCreatedAfter, fileCreatedBefore, isArchived, isFavorite, ...viewer }: Markers,
): Promise<string> {
  const matching = and(
    visibleTilesTo(viewer),
    eq(assets.status, 'active'),
    inArray(assets.visibility, isArchived ? ['timeline', 'archive'] : ['timeline']),
    isFavorite === undefined ? undefined : eq(assets.isFavorite, isFavorite),
    fileCreatedAfter ? sql`${assets.fileCreatedAt} >= ${fileCreatedAfter}::timestamptz` : undefined,
    fileCreatedBefore
      ? sql`${assets.fileCreatedAt} <= ${fileCreatedBefore}::timestamptz`
      : undefined,
  )
  const { rows } = await db.execute<{ markers: string }>(sql`
    select coalesce(json_agg(json_build_object('id', id, 'lat', latitude, 'lon', longitude,
        'city', city, 'state', state, 'country', country)), '[]')::text as markers
    from (
      select ${assets.id}, e.latitude, e.longitude, e.city, e.state, e.country
      from ${assets} join ${assetExif} e on e.asset_id = ${assets.id}
      where ${matching} and e.latitude is not null and e.longitude is not null
      order by ${assets.fileCreatedAt} desc, ${assets.id} desc) as found`)
  return rows[0]?.markers ?? '[]'
}
