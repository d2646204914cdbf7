import { type SQL, sql } from 'drizzle-orm'
import type { FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { coverJobs, deletionOfEmptyPeople, isClaimed } from './people-work.ts'
import { type VectorSpace, vectorTable } from './vector-spaces.ts'
import { EXACT_MAX_CANDIDATES, findVectorSearch, settingsOf, type VectorSearch } from './vectors.ts'

/** A search that goes through an index. */
type IndexSearch = VectorSearch & { index: NonNullable<VectorSearch['index']> }

/** What clustering goes by. Faces that were looked at under another basis are looked at again. */
export type Basis = {
  ownerId: UserId
  space: Pick<VectorSpace, 'id' | 'kind'>
  /** Cosine distance up to which faces are similar. */
  maxDistance: number
  /** So many similar faces, itself included, make a face dense. */
  minFaces: number
}

const keyOf = ({ space, maxDistance, minFaces }: Basis) => `${space.id}:${maxDistance}:${minFaces}`

/**
 * A face `f` on an asset `a` that takes part at all. What lies in the trash may come back; what somebody said is nobody's,
 * by deleting its person, does not.
 */
const takesPart = sql`f.deleted_at is null and f.is_visible and a.status <> 'deleted'
  and (f.person_id is not null or not f.is_hand_assigned)`
const isInTimeline = sql`(a.visibility = 'timeline' and a.status = 'active')`
/** Somebody said whose face `f` is. */
const isVouchedFor = sql`(f.is_hand_assigned and f.person_id is not null)`

/** Faces that nobody has looked at on this basis, or whose asset came into the timeline or left it since. */
export async function listWaitingFacesForWork(db: Db, basis: Basis): Promise<FaceId[]> {
  const { rows } = await db.execute<{ id: FaceId }>(sql`
    select f.id from asset_faces f
    join assets a on a.id = f.asset_id
    join ${vectorTable(basis.space)} v on v.face_id = f.id
    left join face_recognitions r on r.face_id = f.id and r.basis = ${keyOf(basis)}
    where a.owner_id = ${basis.ownerId} and ${takesPart}
      and (r.face_id is null or r.was_in_timeline <> ${isInTimeline})
    order by f.id`)
  return rows.map(({ id }) => id)
}

export type WaitingFace = {
  id: FaceId
  personId: PersonId | null
  isHandAssigned: boolean
  isInTimeline: boolean
  /** The day on which the photo was taken, YYYY-MM-DD. */
  takenOn: string
}

/**
 * What lies around a face, each row one of:
 * - `core`: faces that hold a cluster together. Those of one person are one row with the nearest distance; one without a
 *   person is a row of its own.
 * - `batch`: a face of the same batch.
 * - `loose`: a face that was looked at and holds nothing together, at least so far.
 * - `other`: faces that count as similar and nothing else: they wait, or they lie outside the timeline and have a person.
 */
export type Neighbour = {
  faceId: FaceId
  kind: 'core' | 'batch' | 'loose' | 'other'
  otherId: FaceId | null
  personId: PersonId | null
  distance: number
  count: number
  /** Of a loose face: it is dense, and only its asset's place keeps it from being core. */
  isDense: boolean
}

export type Neighbourhood = { faces: WaitingFace[]; neighbours: Neighbour[] }

/** Of the index: more neighbours of one face are not looked at. */
const NEAREST = 1000

/**
 * The faces with what lies around them. For an owner with few faces exactly that; above, as many as the index finds. What
 * belongs together already is told as one row, so that a person with thousands of faces costs no more than one with ten.
 */
export async function listNeighbourhood(
  db: Db,
  basis: Basis,
  { faceIds, batchIds }: { faceIds: FaceId[]; batchIds: FaceId[] },
): Promise<Neighbourhood> {
  if (faceIds.length === 0) return { faces: [], neighbours: [] }
  const ids = sql`${sql.param(faceIds)}::uuid[]`
  const index = await findIndex(db, basis)
  const [, faces, neighbours] = await atomically(db, (q) => [
    q.execute(index ? settingsFor(index) : sql`select`),
    q.execute<FaceRow>(sql`
      select f.id, f.person_id, ${isVouchedFor} as is_hand_assigned, ${isInTimeline} as is_in_timeline,
        a.local_date_time::date::text as taken_on
      from asset_faces f join assets a on a.id = f.asset_id
      where f.id = any(${ids}) and a.owner_id = ${basis.ownerId} and ${takesPart}
      order by f.id`),
    q.execute<NeighbourRow>(sql`
      with near as (${index ? nearByIndex(basis, { ids, search: index }) : nearExactly(basis, ids)}),
      told as (
        select near.face_id, near.distance, f.id as other_id, f.person_id, coalesce(r.is_dense, false) as is_dense,
          case
            when f.id = any(${sql.param(batchIds)}::uuid[]) then 'batch'
            when ${isVouchedFor} or (r.is_dense and ${isInTimeline}) then 'core'
            when r.face_id is null or (r.is_dense and f.person_id is not null) then 'other'
            else 'loose'
          end as kind
        from near join asset_faces f on f.id = near.other_id join assets a on a.id = f.asset_id
        left join face_recognitions r on r.face_id = f.id and r.basis = ${keyOf(basis)}
        where ${takesPart}),
      keyed as (
        select *, case
          when kind = 'other' or (kind = 'core' and person_id is not null) then null else other_id end as alone
        from told)
      select face_id, kind, alone as other_id, person_id, min(distance) as distance, count(*)::int as count,
        bool_or(is_dense) as is_dense
      from keyed group by face_id, kind, alone, person_id
      order by face_id, distance, alone, person_id`),
  ])
  return { faces: faces.rows.map(faceOf), neighbours: neighbours.rows.map(neighbourOf) }
}

type FaceRow = {
  id: FaceId
  person_id: PersonId | null
  is_hand_assigned: boolean
  is_in_timeline: boolean
  taken_on: string
}

type NeighbourRow = {
  face_id: FaceId
  kind: Neighbour['kind']
  other_id: FaceId | null
  person_id: PersonId | null
  distance: number
  count: number
  is_dense: boolean
}

const faceOf = (row: FaceRow): WaitingFace => ({
  id: row.id,
  personId: row.person_id,
  isHandAssigned: row.is_hand_assigned,
  isInTimeline: row.is_in_timeline,
  takenOn: row.taken_on,
})

const neighbourOf = (row: NeighbourRow): Neighbour => ({
  faceId: row.face_id,
  kind: row.kind,
  otherId: row.other_id,
  personId: row.person_id,
  distance: row.distance,
  count: row.count,
  isDense: row.is_dense,
})

/** Undefined where all of an owner's vectors are compared. */
async function findIndex(db: Db, { space, ownerId }: Basis): Promise<IndexSearch | undefined> {
  const { rows } = await db.execute<{ count: number }>(sql`
    select count(*)::int as count from (
      select from ${vectorTable(space)} where owner_id = ${ownerId} limit ${EXACT_MAX_CANDIDATES + 1}) as counted`)
  if (Number(rows[0]?.count) <= EXACT_MAX_CANDIDATES) return undefined
  const search = await findVectorSearch(db, 'face')
  const index = search?.space.id === space.id ? search.index : undefined
  return search && index && { ...search, index }
}

function settingsFor(search: IndexSearch): SQL {
  const settings = Object.entries(settingsOf(search, { index: search.index, limit: NEAREST }))
  return sql`select ${sql.join(
    settings.map(([name, value]) => sql`set_config(${name}, ${value}, true)`),
    sql`, `,
  )}`
}

/** The inner product, since vectors are of length one: half the work of the cosine. */
function nearExactly({ space, ownerId, maxDistance }: Basis, ids: SQL): SQL {
  const table = vectorTable(space)
  return sql`
    select b.face_id, n.face_id as other_id, 1 + (n.embedding <#> b.embedding) as distance
    from ${table} n join (
        select face_id, embedding from ${table} where face_id = any(${ids}) and owner_id = ${ownerId} offset 0) as b
      on n.face_id <> b.face_id and (n.embedding <#> b.embedding) <= ${maxDistance - 1}::float8
    where n.owner_id = ${ownerId}`
}

/** What the index holds may be half as precise as the vectors; the distances told are exact. */
function nearByIndex(
  { space, ownerId, maxDistance }: Basis,
  { ids, search }: { ids: SQL; search: IndexSearch },
): SQL {
  const table = vectorTable(space)
  const isHalf = search.index.kind === 'hnsw' && search.index.isHalf
  const as = sql.raw(isHalf ? `::halfvec(${search.space.dimension})` : '')
  return sql`
    select b.face_id, n.face_id as other_id, n.distance
    from ${table} b cross join lateral (
      select v.face_id, v.embedding <=> b.embedding as distance from ${table} v
      where v.owner_id = ${ownerId} order by (v.embedding${as}) <=> (b.embedding${as}) limit ${NEAREST}) as n
    where b.face_id = any(${ids}) and b.owner_id = ${ownerId} and n.face_id <> b.face_id
      and n.distance <= ${maxDistance}::float8`
}

export type ClusterPerson = {
  id: PersonId
  isClaimed: boolean
  isHidden: boolean
  birthDate: string | null
  faceCount: number
  /** The oldest photo with a face of this person. */
  earliestOn: string | null
}

/** The oldest first. */
export async function listClusterPeople(
  db: Db,
  { ownerId, personIds }: { ownerId: UserId; personIds: PersonId[] },
): Promise<ClusterPerson[]> {
  if (personIds.length === 0) return []
  type Row = {
    id: PersonId
    is_claimed: boolean
    is_hidden: boolean
    birth_date: string | null
    face_count: number
    earliest_on: string | null
  }
  const { rows } = await db.execute<Row>(sql`
    select p.id, ${isClaimed} as is_claimed, p.is_hidden, p.birth_date::text,
      count(f.id)::int as face_count, min(a.local_date_time)::date::text as earliest_on
    from people p left join asset_faces f on f.person_id = p.id left join assets a on a.id = f.asset_id
    where p.id = any(${sql.param(personIds)}::uuid[]) and p.owner_id = ${ownerId}
    group by p.id order by p.created_at, p.id`)
  return rows.map((row) => ({
    id: row.id,
    isClaimed: row.is_claimed,
    isHidden: row.is_hidden,
    birthDate: row.birth_date,
    faceCount: row.face_count,
    earliestOn: row.earliest_on,
  }))
}

export type Clustering = {
  /** The batch and what became dense by it. */
  looked: { faceId: FaceId; isDense: boolean; isInTimeline: boolean }[]
  newPeople: PersonId[]
  merges: { from: PersonId; into: PersonId }[]
  /** `from` as it was when it was decided. */
  moves: { faceId: FaceId; from: PersonId | null; to: PersonId }[]
}

/**
 * Writes what clustering decided, all or none. What a person said meanwhile wins: a face that was moved by hand stays, and
 * so does somebody who got a name.
 */
export async function writeClustering(
  db: Db,
  basis: Basis,
  { looked, newPeople, merges, moves, requestId }: Clustering & { requestId: string | null },
): Promise<void> {
  const { ownerId } = basis
  const left = [...merges, ...moves].flatMap(({ from }) => from ?? [])
  const touched = [
    ...newPeople,
    ...moves.map(({ to }) => to),
    ...merges.map(({ into }) => into),
    ...left,
  ]
  await atomically(db, (q) => [
    q.execute(sql`
      insert into people (id, owner_id) select id, ${ownerId} from unnest(${sql.param(newPeople)}::uuid[]) as id`),
    q.execute(sql`
      with merges as (
        select m."from", m."into" from jsonb_to_recordset(${JSON.stringify(merges)}::jsonb) as m("from" uuid, "into" uuid)
        join people p on p.id = m."from" where p.owner_id = ${ownerId} and not ${isClaimed} for update of p)
      update asset_faces f set person_id = merges."into" from merges
      where f.person_id = merges."from" and not f.is_hand_assigned`),
    q.execute(sql`
      update asset_faces f set person_id = m."to"
      from jsonb_to_recordset(${JSON.stringify(moves)}::jsonb) as m("faceId" uuid, "from" uuid, "to" uuid)
      where f.id = m."faceId" and f.person_id is not distinct from m."from" and not f.is_hand_assigned
        and f.deleted_at is null`),
    q.execute(sql`
      insert into face_recognitions (face_id, basis, is_dense, was_in_timeline)
      select l."faceId", ${keyOf(basis)}, l."isDense", l."isInTimeline"
      from jsonb_to_recordset(${JSON.stringify(looked)}::jsonb) as l("faceId" uuid, "isDense" bool, "isInTimeline" bool)
      join asset_faces f on f.id = l."faceId"
      on conflict (face_id) do update set basis = excluded.basis, was_in_timeline = excluded.was_in_timeline,
        is_dense = excluded.is_dense or (face_recognitions.is_dense and face_recognitions.basis = excluded.basis)`),
    q.execute(deletionOfEmptyPeople({ ids: touched, requestId })),
    q.execute(coverJobs({ ids: touched, requestId })),
  ])
}
