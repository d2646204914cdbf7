import { type SQL, sql } from 'drizzle-orm'
import { DEFAULT_PREFERENCES } from '#contracts/api/user-preferences.ts'
import type { AssetId, FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { makePersonThumbnail } from '#contracts/jobs/make-person-thumbnail.ts'
import { recognizeFaces } from '#contracts/jobs/recognize-faces.ts'
import type { Db } from '../client.ts'
import { assets } from '../schema/tables.ts'
import { type AssetViewer, visibleTo } from './asset-access.ts'
import { jobForEach, jobsIfAny } from './asset-jobs.ts'
import { isShown, removalOfThumbnails } from './people-work.ts'
import { type VectorSpace, vectorTable } from './vector-spaces.ts'

type Requested = { requestId: string }
type Scope = { viewerId: UserId; personId: PersonId }

/** As JSON has it, whichever driver reads it. */
export type Person = {
  id: PersonId
  name: string
  birthDate: string | null
  isHidden: boolean
  isFavorite: boolean
  color: string | null
  thumbnailKey: string | null
  /** ISO 8601. */
  updatedAt: string
}

/** A person `p` as JSON. */
export const personJson = sql`json_build_object('id', p.id, 'name', p.name, 'birthDate', p.birth_date,
  'isHidden', p.is_hidden, 'isFavorite', p.is_favorite, 'color', p.color, 'thumbnailKey', p.thumbnail_key,
  'updatedAt', to_char(p.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`

type PersonRow = { person: Person }

/** An asset `a` that the people page counts. */
const isCounted = sql`(a.visibility = 'timeline' and a.status = 'active')`

/** Fewer faces do not show an unnamed person: as the viewer prefers, else as clustering is set. */
const minimumFaces = (viewerId: UserId) => sql`coalesce(
  (select (m.value #>> '{people,minimumFaces}')::int from user_metadata m
    where m.user_id = ${viewerId} and m.key = 'preferences'),
  (select (s.value #>> '{machineLearning,facialRecognition,minFaces}')::int from system_metadata s
    where s.key = 'system-config'),
  ${DEFAULT_PREFERENCES.people.minimumFaces ?? 1}::int)`

export type PeopleFilter = {
  page: number
  size: number
  withHidden: boolean
  /** The most similar first: to the cover of a person, or to a face in an asset. */
  closest?: { space: VectorSpace; personId?: PersonId | undefined; assetId?: AssetId | undefined }
}

export type PeoplePage = { people: Person[]; total: number; hidden: number; hasNextPage: boolean }

/** Favorites first, then people with names, then those with most faces. Hidden ones last. */
export async function listPeople(
  db: Db,
  { page, size, withHidden, closest, ...viewer }: AssetViewer & PeopleFilter,
): Promise<PeoplePage> {
  const { viewerId } = viewer
  const order = sql`s.is_hidden, s.is_favorite desc, ${closest ? sql`${distanceTo(viewer, closest)}, ` : sql``}
    s.name = '', s.faces desc, nullif(s.name, '') nulls last, s.created_at, s.id`
  type Row = { people: Person[]; total: number; hidden: number }
  const { rows } = await db.execute<Row>(sql`
    with seen as (
      select p.*, count(f.id) as faces
      from people p join asset_faces f on f.person_id = p.id join assets a on a.id = f.asset_id
      where p.owner_id = ${viewerId} and ${isShown} and ${isCounted}
      group by p.id having p.name <> '' or count(f.id) >= ${minimumFaces(viewerId)}),
    page as (
      select s.*, row_number() over (order by ${order}) as place from seen s where ${withHidden} or not s.is_hidden
      order by place limit ${size + 1} offset ${(page - 1) * size})
    select coalesce((select json_agg(${personJson} order by p.place) from page p), '[]'::json) as people,
      count(*)::int as total, (count(*) filter (where is_hidden))::int as hidden
    from seen`)
  const [found] = rows
  const people = found?.people ?? []
  return {
    people: people.slice(0, size),
    total: Number(found?.total ?? 0),
    hidden: Number(found?.hidden ?? 0),
    hasNextPage: people.length > size,
  }
}

/** Of the cover of the person `s` to what is asked for; null, which sorts last, where either has no vector. */
function distanceTo(
  viewer: AssetViewer,
  { space, personId, assetId }: NonNullable<PeopleFilter['closest']>,
): SQL {
  const { viewerId } = viewer
  const table = vectorTable(space)
  const isTarget = personId
    ? sql`v.face_id = (select p.cover_face_id from people p where p.id = ${personId} and p.owner_id = ${viewerId})`
    : sql`v.face_id in (select f.id from asset_faces f join assets on assets.id = f.asset_id
        where ${isShown} and (f.asset_id = ${assetId} or f.id = ${assetId}) and ${visibleTo(viewer)})`
  return sql`(select c.embedding from ${table} c where c.face_id = s.cover_face_id)
    <=> (select v.embedding from ${table} v where v.owner_id = ${viewerId} and ${isTarget} order by v.face_id limit 1)`
}

export async function findPerson(
  db: Db,
  { viewerId, personId }: Scope,
): Promise<Person | undefined> {
  const { rows } = await db.execute<PersonRow>(sql`
    select ${personJson} as person from people p where p.id = ${personId} and p.owner_id = ${viewerId}`)
  return rows[0]?.person
}

/** Where the thumbnail lies; null without one, or while what it was cut from may not be shown. Undefined: no such person. */
export async function findPersonThumbnail(
  db: Db,
  { viewerId, personId }: Scope,
): Promise<{ key: string | null } | undefined> {
  const { rows } = await db.execute<{ key: string | null }>(sql`
    select case when exists (
        select from asset_faces f join assets a on a.id = f.asset_id
        where f.id = p.cover_face_id and a.status = 'active' and a.visibility in ('timeline', 'archive'))
      then p.thumbnail_key end as key
    from people p where p.id = ${personId} and p.owner_id = ${viewerId}`)
  return rows[0]
}

/** In how many assets of the timeline the person is seen. */
export async function countPersonAssets(db: Db, scope: Scope): Promise<number | undefined> {
  const { rows } = await db.execute<{ count: number }>(sql`
    select (select count(distinct f.asset_id)::int from asset_faces f join assets a on a.id = f.asset_id
      where f.person_id = p.id and ${isShown} and ${isCounted}) as count
    from people p where p.id = ${scope.personId} and p.owner_id = ${scope.viewerId}`)
  return rows[0] && Number(rows[0].count)
}

/** What somebody says of a person. Absent members stay as they are. */
export type PersonChange = {
  name?: string | undefined
  birthDate?: string | null | undefined
  isHidden?: boolean | undefined
  isFavorite?: boolean | undefined
  color?: string | null | undefined
}

export async function insertPerson(
  db: Db,
  { viewerId, personId, change }: Scope & { change: PersonChange },
): Promise<Person> {
  const { name = '', birthDate = null, isHidden = false, isFavorite = false, color = null } = change
  const { rows } = await db.execute<PersonRow>(sql`
    with p as (
      insert into people (id, owner_id, name, birth_date, is_hidden, is_favorite, color, claimed_at)
      values (${personId}, ${viewerId}, ${name}, ${birthDate}::date, ${isHidden}, ${isFavorite}, ${color}, now())
      returning *)
    select ${personJson} as person from p`)
  const [row] = rows
  if (!row) throw new Error('an inserted person came back without a row')
  return row.person
}

function assignments({ name, birthDate, isHidden, isFavorite, color }: PersonChange): SQL {
  const sets = [
    sql`claimed_at = coalesce(claimed_at, now())`,
    name === undefined ? undefined : sql`name = ${name}`,
    birthDate === undefined ? undefined : sql`birth_date = ${birthDate}::date`,
    isHidden === undefined ? undefined : sql`is_hidden = ${isHidden}`,
    isFavorite === undefined ? undefined : sql`is_favorite = ${isFavorite}`,
    color === undefined ? undefined : sql`color = ${color}`,
  ]
  return sql.join(
    sets.filter((set) => set !== undefined),
    sql`, `,
  )
}

type Update = AssetViewer &
  Requested & {
    personId: PersonId
    change: PersonChange
    /** The asset whose face of this person becomes the cover. */
    coverAssetId?: AssetId | undefined
  }

/** Undefined, and nothing changed, when there is no such person, or no face of theirs in that asset. */
export async function updatePerson(
  db: Db,
  { personId, change, coverAssetId, requestId, ...viewer }: Update,
): Promise<Person | undefined> {
  const cover = coverAssetId
    ? sql`(select f.id from asset_faces f join assets on assets.id = f.asset_id
        where f.asset_id = ${coverAssetId} and f.person_id = ${personId} and ${isShown} and ${visibleTo(viewer)}
        order by (f.bounding_box_x_2 - f.bounding_box_x_1) * (f.bounding_box_y_2 - f.bounding_box_y_1) desc, f.id
        limit 1)`
    : undefined
  const { rows } = await db.execute<PersonRow>(sql`
    with p as (
      update people set ${assignments(change)}${cover ? sql`, cover_face_id = ${cover}` : sql``}
      where id = ${personId} and owner_id = ${viewer.viewerId} ${cover ? sql`and ${cover} is not null` : sql``}
      returning *),
    queued as (${cover ? coverJobFor(sql`(select id from p)`, requestId) : sql`select`})
    select ${personJson} as person from p`)
  return rows[0]?.person
}

const coverJobFor = (people: SQL, requestId: string) =>
  jobForEach(people, (id) => makePersonThumbnail.message({ personId: id }), requestId)

/**
 * All of them, or none unless each is the viewer's: false then. Their faces stay and are nobody's, by somebody's word:
 * clustering makes nobody of them again, and they can be given to others by hand.
 */
export async function deletePeople(
  db: Db,
  { viewerId, personIds, requestId }: Requested & { viewerId: UserId; personIds: PersonId[] },
): Promise<boolean> {
  const ids = [...new Set(personIds)]
  const { rows } = await db.execute<{ is_allowed: boolean }>(sql`
    with wanted as (
      select id, thumbnail_key from people
      where id = any(${sql.param(ids)}::uuid[]) and owner_id = ${viewerId} for update),
    verdict as (select count(*) = ${ids.length}::int as is_allowed from wanted),
    freed as (
      update asset_faces set person_id = null, is_hand_assigned = true
      where person_id in (select id from wanted) and (select is_allowed from verdict)),
    gone as (
      delete from people where id in (select id from wanted) and (select is_allowed from verdict)
      returning thumbnail_key),
    queued as (${removalOfThumbnails(sql`gone`, requestId)})
    select is_allowed from verdict`)
  return rows[0]?.is_allowed === true
}

/**
 * Gives the person the faces of others, who go, and what they have that the person lacks: a name, a birth date. Answers
 * with those who were merged; undefined when there is no such person. Ids in the order in which they may give their name.
 */
export async function mergePeople(
  db: Db,
  { viewerId, personId, otherIds, requestId }: Scope & Requested & { otherIds: PersonId[] },
): Promise<Set<PersonId> | undefined> {
  const jobs = [recognizeFaces.message({ ownerId: viewerId })]
  const { rows } = await db.execute<{ merged: PersonId[] }>(sql`
    with target as (select id from people where id = ${personId} and owner_id = ${viewerId} for update),
    others as (
      select p.* from people p, target
      where p.id = any(${sql.param(otherIds)}::uuid[]) and p.owner_id = ${viewerId} and p.id <> target.id
      for update of p),
    moved as (
      update asset_faces set person_id = ${personId} where person_id in (select id from others) returning id),
    forgotten as (delete from face_recognitions where face_id in (select id from moved)),
    ranked as (
      select o.* from others o order by array_position(${sql.param(otherIds)}::uuid[], o.id)),
    changed as (
      update people p set claimed_at = coalesce(p.claimed_at, now()),
        name = case when p.name <> '' then p.name
          else coalesce((select r.name from ranked r where r.name <> '' limit 1), '') end,
        birth_date = coalesce(p.birth_date, (select r.birth_date from ranked r where r.birth_date is not null limit 1))
      from target where p.id = target.id returning p.id),
    gone as (delete from people where id in (select id from others) returning id, thumbnail_key),
    removed as (${removalOfThumbnails(sql`gone`, requestId)}),
    covered as (${coverJobFor(sql`(select id from changed)`, requestId)}),
    queued as (${jobsIfAny(sql`moved`, jobs, requestId)})
    select to_jsonb(array(select id from gone)) as merged from target`)
  return rows[0] && new Set(rows[0].merged)
}

/** What is moved to a person: single faces, or all of one person in one asset. */
export type FacesToMove = { faceIds: FaceId[] } | { assetId: AssetId; fromPersonId: PersonId }[]

/**
 * Faces go to a person because somebody says so, and clustering goes by it from here on: also whoever they were taken from
 * stays apart. Answers with how many moved; undefined when there is no such person.
 */
export async function reassignFaces(
  db: Db,
  {
    personId,
    faces,
    requestId,
    ...viewer
  }: AssetViewer & Requested & { personId: PersonId; faces: FacesToMove },
): Promise<number | undefined> {
  const chosen = Array.isArray(faces)
    ? sql`exists (select from jsonb_to_recordset(${JSON.stringify(faces)}::jsonb) as c("assetId" uuid, "fromPersonId" uuid)
        where c."assetId" = f.asset_id and c."fromPersonId" = f.person_id)`
    : sql`f.id = any(${sql.param(faces.faceIds)}::uuid[])`
  const jobs = [recognizeFaces.message({ ownerId: viewer.viewerId })]
  const { rows } = await db.execute<{ count: number }>(sql`
    with target as (
      select id from people where id = ${personId} and owner_id = ${viewer.viewerId} for update),
    chosen as (
      select f.id, f.person_id from asset_faces f join assets on assets.id = f.asset_id, target
      where ${chosen} and ${isShown} and ${visibleTo(viewer)}),
    moved as (
      update asset_faces f set person_id = ${personId}, is_hand_assigned = true
      from chosen where f.id = chosen.id returning f.id),
    forgotten as (delete from face_recognitions where face_id in (select id from moved)),
    claimed as (
      update people p set claimed_at = coalesce(p.claimed_at, now())
      where p.id = (select id from target) or (
        p.id in (select person_id from chosen) and exists (
          select from asset_faces f where f.person_id = p.id and ${isShown} and f.id not in (select id from chosen)))),
    covered as (${coverJobFor(
      sql`(select id from target union select person_id from chosen where person_id is not null)`,
      requestId,
    )}),
    queued as (${jobsIfAny(sql`moved`, jobs, requestId)})
    select (select count(*)::int from moved) as count from target`)
  return rows[0] && Number(rows[0].count)
}

/** Of an asset in a statement over `assets`: who is seen in it, from left to right. Only the owner knows. */
export const peopleOfAsset = ({ viewerId }: AssetViewer) => sql<Person[]>`coalesce((
  select json_agg(${personJson} order by p.leftmost, p.id) from (
    select p.*, min(f.bounding_box_x_1) as leftmost
    from asset_faces f join people p on p.id = f.person_id
    where f.asset_id = ${assets.id} and ${isShown} and p.owner_id = ${viewerId} group by p.id) as p), '[]'::json)`

/** Assets of the timeline's statements in which this person of the viewer's is seen. */
export const showsPerson = ({ viewerId, personId }: Scope) => sql`exists (
  select from asset_faces f join people p on p.id = f.person_id
  where f.asset_id = ${assets.id} and p.id = ${personId} and p.owner_id = ${viewerId} and ${isShown})`
