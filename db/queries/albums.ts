import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { AlbumId, AssetId, UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { type albums, albumUsers, assets } from '../schema/tables.ts'
import { visibleTilesTo, visibleTo } from './asset-access.ts'
import type { User } from './users.ts'

export type AlbumRole = (typeof albumUsers.$inferSelect)['role']
export type AlbumMember = Pick<
  User,
  'id' | 'email' | 'name' | 'avatarColor' | 'profileImageKey' | 'profileChangedAt'
> & { role: AlbumRole }

type Album = Pick<
  typeof albums.$inferSelect,
  'id' | 'name' | 'description' | 'thumbnailAssetId' | 'isActivityEnabled' | 'order'
> & { createdAt: Date; updatedAt: Date }

/** An album with its members, and what of its content the viewer sees. */
export type AlbumWithContent = Album & {
  members: AlbumMember[]
  assetCount: number
  firstDay: Date | null
  lastDay: Date | null
  lastModifiedAt: Date | null
}

type Scope = { viewerId: UserId; albumId: AlbumId }

export type AlbumFilter = {
  albumId?: AlbumId | undefined
  assetId?: AssetId | undefined
  name?: string | undefined
  isOwned?: boolean | undefined
  isShared?: boolean | undefined
}

const READERS: AlbumRole[] = ['owner', 'editor', 'viewer']
export const WRITERS: AlbumRole[] = ['owner', 'editor']
export const OWNER: AlbumRole[] = ['owner']

const ALBUMS_LISTED = 10_000
const MARKERS_LISTED = 100_000

/** `album_id`s, among these, of the albums in which the viewer has one of these roles. */
export function albumsOf(viewerId: UserId, albumIds: AlbumId[], roles: AlbumRole[]): SQL {
  return sql`select album_id from album_users where user_id = ${viewerId}
    and album_id = any(${sql.param(albumIds)}::uuid[]) and role = any(${sql.param(roles)}::text[])`
}

export type AlbumListener = { albumId: AlbumId; userId: UserId }

/** Whom it concerns that the albums of this CTE changed: their members. */
export const listenersTo = (changed: SQL) => sql`(
  select coalesce(jsonb_agg(jsonb_build_object('albumId', album_id, 'userId', user_id)), '[]')
  from album_users where album_id in (select album_id from ${changed}))`

/** Locked assets are in no album: whoever opens an album has shown no PIN. */
export const shownTo = (viewerId: UserId) => visibleTo({ viewerId, seesLocked: false })
const inSightOf = (viewerId: UserId) => sql`${visibleTilesTo({ viewerId, seesLocked: false })}
  and assets.status = 'active' and assets.visibility in ('timeline', 'archive')`

/** For a WHERE over assets: those of an album that the viewer is a member of. */
export function filedIn({ viewerId, albumId }: Scope): SQL {
  return sql`exists (select from album_assets filed
    where filed.asset_id = ${assets.id} and filed.album_id in (${albumsOf(viewerId, [albumId], READERS)}))`
}

const isShared = sql`exists (select from album_users other where other.album_id = a.id and other.role <> 'owner')`

function matching({ viewerId, assetId, ...filter }: AlbumFilter & { viewerId: UserId }): SQL {
  const { albumId, name, isOwned, isShared: shared } = filter
  const conditions = and(
    eq(albumUsers.userId, viewerId),
    albumId && sql`a.id = ${albumId}`,
    assetId &&
      sql`exists (select from album_assets held join assets on assets.id = held.asset_id
        where held.album_id = a.id and held.asset_id = ${assetId} and ${shownTo(viewerId)})`,
    name === undefined ? undefined : sql`a.name = ${name}`,
    isOwned === undefined ? undefined : sql`(album_users.role = 'owner') = ${isOwned}::boolean`,
    shared === undefined ? undefined : sql`${isShared} = ${shared}::boolean`,
  )
  return conditions as SQL // `and` is undefined only without arguments
}

const UTC = sql.raw(`'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`)
const instantText = (column: string) => sql`to_char(${sql.raw(column)} at time zone 'utc', ${UTC})`

type AlbumRow = { [Key in keyof Album]: Album[Key] extends Date ? string : Album[Key] } & {
  members: (Omit<AlbumMember, 'profileChangedAt'> & { profileChangedAt: string })[]
  assetCount: number
  firstDay: string | null
  lastDay: string | null
  lastModifiedAt: string | null
}

/** Newest first. The cover is the newest asset where none was chosen, or the chosen one is out of sight. */
export async function listAlbums(
  db: Db,
  { viewerId, ...filter }: AlbumFilter & { viewerId: UserId },
): Promise<AlbumWithContent[]> {
  const members = sql`(
    select jsonb_agg(jsonb_build_object('role', m.role, 'id', u.id, 'email', u.email, 'name', u.name,
        'avatarColor', u.avatar_color, 'profileImageKey', u.profile_image_key,
        'profileChangedAt', ${instantText('u.profile_changed_at')})
      order by m.role <> 'owner', m.user_id <> ${viewerId}::uuid, u.name, u.id)
    from album_users m join users u on u.id = m.user_id where m.album_id = a.id)`
  const { rows } = await db.execute<{ album: AlbumRow }>(sql`
    select jsonb_build_object('id', a.id, 'name', a.name, 'description', a.description,
      'thumbnailAssetId', case when seen.has_cover then a.thumbnail_asset_id else seen.newest end,
      'isActivityEnabled', a.is_activity_enabled, 'order', a."order",
      'createdAt', ${instantText('a.created_at')}, 'updatedAt', ${instantText('a.updated_at')},
      'members', ${members}, 'assetCount', seen.count,
      'firstDay', to_char(seen.first_day, ${UTC}), 'lastDay', to_char(seen.last_day, ${UTC}),
      'lastModifiedAt', ${instantText('seen.last_modified_at')}) as album
    from albums a join album_users on album_users.album_id = a.id
    cross join lateral (
      select count(*) as count, min(local_date_time) as first_day, max(local_date_time) as last_day,
        max(assets.updated_at) as last_modified_at, bool_or(assets.id = a.thumbnail_asset_id) as has_cover,
        (array_agg(assets.id order by file_created_at desc, assets.id desc))[1] as newest
      from album_assets held join assets on assets.id = held.asset_id
      where held.album_id = a.id and ${inSightOf(viewerId)}) as seen
    where ${matching({ viewerId, ...filter })}
    order by a.created_at desc, a.id desc limit ${ALBUMS_LISTED}`)
  return rows.map(({ album }) => fromJson(album))
}

const dateOf = (text: string | null) => (text === null ? null : new Date(text))

function fromJson(album: AlbumRow): AlbumWithContent {
  return {
    ...album,
    createdAt: new Date(album.createdAt),
    updatedAt: new Date(album.updatedAt),
    members: album.members.map((member) => ({
      ...member,
      profileChangedAt: new Date(member.profileChangedAt),
    })),
    firstDay: dateOf(album.firstDay),
    lastDay: dateOf(album.lastDay),
    lastModifiedAt: dateOf(album.lastModifiedAt),
  }
}

export async function findAlbum(db: Db, scope: Scope): Promise<AlbumWithContent | undefined> {
  const [album] = await listAlbums(db, scope)
  return album
}

export async function isAlbumMember(db: Db, { viewerId, albumId }: Scope): Promise<boolean> {
  const { rows } = await db.execute(albumsOf(viewerId, [albumId], READERS))
  return rows.length > 0
}

type NewAlbum = {
  id: AlbumId
  ownerId: UserId
  name: string
  description: string
  assetIds: AssetId[]
}

/** Of the assets only those that the owner may see. A repeat changes nothing. */
export async function insertAlbum(db: Db, album: NewAlbum): Promise<void> {
  const { id, ownerId, name, description, assetIds } = album
  await db.execute(sql`
    with ${chosen(ownerId, assetIds)},
    made as (
      insert into albums (id, name, description, thumbnail_asset_id)
      values (${id}::uuid, ${name}, ${description}, ${FIRST_CHOSEN}) on conflict do nothing returning id),
    owned as (
      insert into album_users (album_id, user_id, role) select id, ${ownerId}::uuid, 'owner' from made)
    insert into album_assets (album_id, asset_id) select made.id, chosen.id from made, chosen`)
}

/** The assets of a request that the viewer may file, in the order of the request. */
export function chosen(viewerId: UserId, assetIds: AssetId[]): SQL {
  const ids = [...new Set(assetIds)]
  return sql`chosen as (
    select assets.id, given.position
    from unnest(${sql.param(ids)}::uuid[]) with ordinality as given(id, position)
    join assets on assets.id = given.id where ${shownTo(viewerId)})`
}

export const FIRST_CHOSEN = sql`(select id from chosen order by position limit 1)`

export type AlbumChange = Partial<Omit<Album, 'id' | 'createdAt' | 'updatedAt'>>

/** Changes an album of the viewer's own; answers whom that concerns. */
export async function updateAlbum(
  db: Db,
  { viewerId, albumId, change }: Scope & { change: AlbumChange },
): Promise<AlbumListener[] | 'no access' | 'cover is not in it'> {
  const { name, description, thumbnailAssetId, isActivityEnabled, order } = change
  const cover = thumbnailAssetId ?? null
  const { rows } = await db.execute<{ is_owner: boolean; listeners: AlbumListener[] }>(sql`
    with owned as (${albumsOf(viewerId, [albumId], OWNER)}),
    changed as (
      update albums set name = coalesce(${name ?? null}, name), description = coalesce(${description ?? null}, description),
        thumbnail_asset_id = coalesce(${cover}::uuid, thumbnail_asset_id),
        is_activity_enabled = coalesce(${isActivityEnabled ?? null}::boolean, is_activity_enabled),
        "order" = coalesce(${order ?? null}, "order"), updated_at = now()
      where id in (select album_id from owned) and (${cover}::uuid is null or exists (
        select from album_assets held where held.album_id = albums.id and held.asset_id = ${cover}::uuid))
      returning id as album_id)
    select exists (select from owned) as is_owner, ${listenersTo(sql`changed`)} as listeners`)
  const [row] = rows
  if (!row?.is_owner) return 'no access'
  // Every album has its owner, who is one of them.
  return row.listeners.length > 0 ? row.listeners : 'cover is not in it'
}

/** The album and its order, not the assets in it. False unless it is the viewer's own. */
export async function deleteAlbum(db: Db, { viewerId, albumId }: Scope): Promise<boolean> {
  const { rows } = await db.execute(sql`
    delete from albums where id in (${albumsOf(viewerId, [albumId], OWNER)}) returning id`)
  return rows.length > 0
}

export async function countAlbums(
  db: Db,
  { viewerId }: { viewerId: UserId },
): Promise<{ owned: number; shared: number; notShared: number }> {
  const { rows } = await db.execute<{ owned: string; shared: string; not_shared: string }>(sql`
    select count(*) filter (where m.role = 'owner') as owned, count(*) filter (where ${isShared}) as shared,
      count(*) filter (where m.role = 'owner' and not ${isShared}) as not_shared
    from album_users m join albums a on a.id = m.album_id where m.user_id = ${viewerId}`)
  const [row] = rows
  return {
    owned: Number(row?.owned),
    shared: Number(row?.shared),
    notShared: Number(row?.not_shared),
  }
}

export type PlacedAsset = {
  id: AssetId
  latitude: number
  longitude: number
  city: string | null
  state: string | null
  country: string | null
}

/** Where the assets of an album were taken, newest first. */
export async function listAlbumPlaces(db: Db, scope: Scope): Promise<PlacedAsset[]> {
  const { rows } = await db.execute<PlacedAsset>(sql`
    select assets.id, e.latitude, e.longitude, e.city, e.state, e.country
    from assets join asset_exif e on e.asset_id = assets.id
    where ${inSightOf(scope.viewerId)} and ${filedIn(scope)}
      and e.latitude is not null and e.longitude is not null
    order by assets.file_created_at desc, assets.id desc limit ${MARKERS_LISTED}`)
  return rows
}
