import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { assetExif, assets } from '../schema/tables.ts'
import { type AssetViewer, visibleTo } from './asset-access.ts'
import type { AssetWithExif } from './assets.ts'
import { type Person, peopleOfAsset, personJson } from './people.ts'
import { contains, matchingSearch, SEARCHED, type SearchFilter } from './search-filter.ts'

type Search = AssetViewer & { filter: SearchFilter; withPeople?: boolean | undefined }

/** The last asset of the page before: its instant with microseconds, as Postgres writes it, and its id. */
export type SearchPosition = { takenAt: string; id: AssetId }
export type FoundAsset = AssetWithExif & { position: SearchPosition }

type PageOf = {
  order: 'asc' | 'desc'
  size: number
  /** After this one, or so many assets further. */
  after?: SearchPosition | undefined
  skip?: number | undefined
}

const MICROSECONDS = sql.raw(`'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`)

/** The whole asset for each row of `page`, a subquery with ids; with people where they are asked for. */
const wholeAssets = (db: Db, page: SQL, peopleFor?: AssetViewer | false) =>
  db
    .select({
      asset: assets,
      exif: assetExif,
      people: peopleFor ? peopleOfAsset(peopleFor) : sql<Person[]>`'[]'::json`,
      takenAt: sql<string>`to_char(${assets.fileCreatedAt} at time zone 'utc', ${MICROSECONDS})`,
    })
    .from(assets)
    .innerJoin(sql`(${page}) as page`, sql`page.id = ${assets.id}`)
    .leftJoin(assetExif, eq(assetExif.assetId, assets.id))

type WholeRow = Awaited<ReturnType<typeof wholeAssets>>[number]

const toFound = ({ asset, exif, people, takenAt }: WholeRow): FoundAsset => ({
  ...asset,
  exif,
  people,
  position: { takenAt, id: asset.id },
})

/** By when they were taken. Only ids are sorted and skipped; the rest is read of what is answered. */
export async function listFoundAssets(
  db: Db,
  { filter, withPeople = false, order, size, after, skip = 0, ...viewer }: Search & PageOf,
): Promise<FoundAsset[]> {
  const [direction, beyond] = order === 'asc' ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`]
  const from = after
    ? sql`and (${assets.fileCreatedAt}, ${assets.id}) ${beyond} (${after.takenAt}::timestamptz, ${after.id}::uuid)`
    : sql``
  const sorted = sql`order by ${assets.fileCreatedAt} ${direction}, ${assets.id} ${direction}`
  const rows = await wholeAssets(
    db,
    sql`select ${assets.id} from ${SEARCHED} where ${matchingSearch(viewer, filter)} ${from}
        ${sorted} limit ${size}::int offset ${skip}::bigint`,
    withPeople && viewer,
  ).orderBy(sql`${assets.fileCreatedAt} ${direction}`, sql`${assets.id} ${direction}`)
  return rows.map(toFound)
}

export async function listRandomAssets(
  db: Db,
  { filter, withPeople = false, size, ...viewer }: Search & { size: number },
): Promise<FoundAsset[]> {
  const rows = await wholeAssets(
    db,
    sql`select ${assets.id} from ${SEARCHED} where ${matchingSearch(viewer, filter)}
        order by random() limit ${size}::int`,
    withPeople && viewer,
  ).orderBy(sql`random()`)
  return rows.map(toFound)
}

/** The largest originals first. */
export async function listLargeAssets(
  db: Db,
  { filter, size, ...viewer }: Search & { size: number },
): Promise<FoundAsset[]> {
  const sorted = sql`${assets.sizeBytes} desc, ${assets.id} desc`
  const rows = await wholeAssets(
    db,
    sql`select ${assets.id} from ${SEARCHED} where ${matchingSearch(viewer, filter)}
        order by ${sorted} limit ${size}::int`,
  ).orderBy(sorted)
  return rows.map(toFound)
}

export async function countFoundAssets(db: Db, { filter, ...viewer }: Search): Promise<number> {
  const { rows } = await db.execute<{ total: number }>(sql`
    select count(*)::int as total from ${SEARCHED} where ${matchingSearch(viewer, filter)}`)
  return Number(rows[0]?.total ?? 0)
}

/** These, in this order. What the viewer may not see, or is gone since, is absent. */
export async function listAssetsInOrder(
  db: Db,
  { assetIds, ...viewer }: AssetViewer & { assetIds: AssetId[] },
): Promise<FoundAsset[]> {
  if (assetIds.length === 0) return []
  const rows = await wholeAssets(
    db,
    sql`select id, rank from unnest(${sql.param(assetIds)}::uuid[]) with ordinality as wanted (id, rank)`,
  )
    .where(visibleTo(viewer))
    .orderBy(sql`page.rank`)
  return rows.map(toFound)
}

const SUGGESTED = {
  country: assetExif.country,
  state: assetExif.state,
  city: assetExif.city,
  'camera-make': assetExif.make,
  'camera-model': assetExif.model,
  'camera-lens-model': assetExif.lensModel,
}
export type SuggestionType = keyof typeof SUGGESTED

/** So many that no camera bag and no life of travels has more. */
const SUGGESTIONS_LISTED = 10_000

/** Values that the filter finds something with, each once, in no particular order; null for assets without one. */
export async function listSuggestions(
  db: Db,
  { type, filter, ...viewer }: Search & { type: SuggestionType },
): Promise<(string | null)[]> {
  const { rows } = await db.execute<{ value: string | null }>(sql`
    select distinct nullif(${SUGGESTED[type]}, '') as value from ${SEARCHED}
    where ${matchingSearch(viewer, filter)} limit ${SUGGESTIONS_LISTED}`)
  return rows.map(({ value }) => value)
}

export type CityAsset = FoundAsset & { city: string }

/** The newest asset of each city that has at least so many, the city with the most first. */
export async function listAssetsByCity(
  db: Db,
  { atLeast, size, ...viewer }: AssetViewer & { atLeast: number; size: number },
): Promise<CityAsset[]> {
  const rows = await wholeAssets(
    db,
    sql`select (array_agg(${assets.id} order by ${assets.fileCreatedAt} desc, ${assets.id} desc))[1] as id,
          count(*) as count
        from ${SEARCHED} where ${matchingSearch(viewer, {})} and ${assetExif.city} <> ''
        group by ${assetExif.city} having count(*) >= ${atLeast}::int
        order by count(*) desc, 1 limit ${size}::int`,
  ).orderBy(sql`page.count desc`, assets.id)
  return rows.map((row) => ({ ...toFound(row), city: row.exif?.city ?? '' }))
}

export type OwnPlace = {
  name: string
  state: string | null
  country: string | null
  latitude: number
  longitude: number
}

const PLACES_LISTED = 20

/** Cities of the viewer's own assets whose name contains this, each where its assets are on average. */
export async function listOwnPlaces(
  db: Db,
  { name, ...viewer }: AssetViewer & { name: string },
): Promise<OwnPlace[]> {
  const { rows } = await db.execute<OwnPlace>(sql`
    select ${assetExif.city} as name, ${assetExif.state} as state, ${assetExif.country} as country,
      avg(${assetExif.latitude}) as latitude, avg(${assetExif.longitude}) as longitude
    from ${SEARCHED}
    where ${and(matchingSearch(viewer, {}), contains(sql`${assetExif.city}`, name))} and ${assetExif.latitude} is not null
      and ${assetExif.longitude} is not null and ${assetExif.city} <> ''
    group by 1, 2, 3 order by count(*) desc, 1 limit ${PLACES_LISTED}`)
  return rows.map((row) => ({
    ...row,
    latitude: Number(row.latitude),
    longitude: Number(row.longitude),
  }))
}

const PEOPLE_LISTED = 1000

/** The viewer's people whose name contains this; those whose name begins with it come first. */
export async function listPeopleByName(
  db: Db,
  { viewerId, name, withHidden }: { viewerId: UserId; name: string; withHidden: boolean },
): Promise<Person[]> {
  const { rows } = await db.execute<{ person: Person }>(sql`
    select ${personJson} as person from people p
    where p.owner_id = ${viewerId} and p.name <> '' and ${contains(sql`p.name`, name)}
      and (${withHidden} or not p.is_hidden)
    order by starts_with(search_text(p.name), search_text(${name})) desc, p.name, p.id
    limit ${PEOPLE_LISTED}`)
  return rows.map(({ person }) => person)
}
