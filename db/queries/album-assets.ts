import { type SQL, sql } from 'drizzle-orm'
import type { AlbumId, AssetId, UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import {
  type AlbumListener,
  albumsOf,
  chosen,
  FIRST_CHOSEN,
  listenersTo,
  OWNER,
  shownTo,
  WRITERS,
} from './albums.ts'

/** What was done, and whom it concerns. */
type Change<Outcome> = Outcome & { listeners: AlbumListener[] }

type Filing = { viewerId: UserId; assetIds: AssetId[] }

/** `writable` albums, `chosen` assets and what of their product was `added`; albums that grew are touched. */
function filing({ viewerId, assetIds, albumIds }: Filing & { albumIds: AlbumId[] }): SQL {
  return sql`
    writable as (${albumsOf(viewerId, albumIds, WRITERS)}),
    ${chosen(viewerId, assetIds)},
    added as (
      insert into album_assets (album_id, asset_id) select album_id, chosen.id from writable, chosen
      on conflict do nothing returning album_id, asset_id),
    touched as (
      update albums set updated_at = now(), thumbnail_asset_id = coalesce(thumbnail_asset_id, ${FIRST_CHOSEN})
      where id in (select album_id from added))`
}

/** What came in, and what may be in; undefined when the viewer may not write into the album. */
export async function insertAlbumAssets(
  db: Db,
  { albumId, ...request }: Filing & { albumId: AlbumId },
): Promise<Change<{ added: Set<AssetId>; allowed: Set<AssetId> }> | undefined> {
  type Row = Change<{ is_writable: boolean; added: AssetId[]; allowed: AssetId[] }>
  const { rows } = await db.execute<Row>(sql`
    with ${filing({ ...request, albumIds: [albumId] })}
    select exists (select from writable) as is_writable,
      (select coalesce(jsonb_agg(asset_id), '[]') from added) as added,
      (select coalesce(jsonb_agg(id), '[]') from chosen) as allowed,
      ${listenersTo(sql`added`)} as listeners`)
  const [row] = rows
  if (!row?.is_writable) return undefined
  return { added: new Set(row.added), allowed: new Set(row.allowed), listeners: row.listeners }
}

/** Every asset into every album. */
export async function insertIntoAlbums(
  db: Db,
  request: Filing & { albumIds: AlbumId[] },
): Promise<Change<{ albums: number; assets: number; added: number }>> {
  const { rows } = await db.execute<Change<{ albums: string; assets: string; added: string }>>(sql`
    with ${filing(request)}
    select (select count(*) from writable) as albums, (select count(*) from chosen) as assets,
      (select count(*) from added) as added, ${listenersTo(sql`added`)} as listeners`)
  const [row] = rows
  return {
    albums: Number(row?.albums),
    assets: Number(row?.assets),
    added: Number(row?.added),
    listeners: row?.listeners ?? [],
  }
}

/**
 * What left the album, and what is in it still: an owner takes anything out, an editor what is theirs. Undefined when
 * the viewer may not write into the album.
 */
export async function deleteAlbumAssets(
  db: Db,
  { viewerId, albumId, assetIds }: Filing & { albumId: AlbumId },
): Promise<Change<{ removed: Set<AssetId>; kept: Set<AssetId> }> | undefined> {
  type Row = Change<{ is_writable: boolean; removed: AssetId[]; held: AssetId[] }>
  const ids = [...new Set(assetIds)]
  const { rows } = await db.execute<Row>(sql`
    with writable as (${albumsOf(viewerId, [albumId], WRITERS)}),
    held as (
      select asset_id from album_assets
      where album_id in (select album_id from writable) and asset_id = any(${sql.param(ids)}::uuid[])),
    removed as (
      delete from album_assets where album_id = ${albumId} and asset_id in (
        select assets.id from held join assets on assets.id = held.asset_id
        where exists (${albumsOf(viewerId, [albumId], OWNER)}) or ${shownTo(viewerId)})
      returning album_id, asset_id),
    touched as (
      update albums set updated_at = now(), thumbnail_asset_id =
        case when thumbnail_asset_id in (select asset_id from removed) then null else thumbnail_asset_id end
      where id = ${albumId} and exists (select from removed))
    select exists (select from writable) as is_writable,
      (select coalesce(jsonb_agg(asset_id), '[]') from removed) as removed,
      (select coalesce(jsonb_agg(asset_id), '[]') from held) as held,
      ${listenersTo(sql`removed`)} as listeners`)
  const [row] = rows
  if (!row?.is_writable) return undefined
  const removed = new Set(row.removed)
  const kept = new Set(row.held.filter((id) => !removed.has(id)))
  return { removed, kept, listeners: row.listeners }
}
