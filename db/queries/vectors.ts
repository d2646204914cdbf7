import { type SQL, sql } from 'drizzle-orm'
import type { AssetId, FaceId, UserId } from '#contracts/ids.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { assets } from '../schema/tables.ts'
import { type AssetScope, visibleTo } from './asset-access.ts'
import { type VectorSpace, type VectorSpaceKind, vectorTable, vectorText } from './vector-spaces.ts'

/**
 * Up to so many candidates are compared one by one. That is exact, where an index scan with a filter is not: among one in
 * ten of 100,000 it found 87 of the 100 nearest, and among one in a hundred it took longer than comparing them all.
 */
export const EXACT_MAX_CANDIDATES = 50_000

/** How far an index scan goes for candidates that pass the filter, and what it may hold meanwhile. */
const HNSW_MAX_SCAN_TUPLES = 40_000
const HNSW_SCAN_MEMORY = 8 // times work_mem
/** At more than so many neighbours in view at once pgvector refuses. */
const HNSW_MAX_EF_SEARCH = 1000
const HNSW_MIN_EF_SEARCH = 200
/** Of each row beside its vector: ids, headers, and the end of a page that holds no further row. */
const ROW_OVERHEAD_BYTES = 100

type VectorIndex =
  | { kind: 'vchordrq'; lists: number; canPrefilter: boolean }
  | { kind: 'hnsw'; isHalf: boolean }

/** The active space of a kind and how this database finds neighbours in it. */
export type VectorSearch = {
  space: Pick<VectorSpace, 'id' | 'kind' | 'model' | 'dimension'>
  /** Undefined: every search is exact. */
  index: VectorIndex | undefined
  rowEstimate: number
}

type Facts = {
  id: number
  kind: VectorSpaceKind
  model: string
  dimension: number
  access_method: string | null
  /** Its operator class and its options. */
  definition: string | null
  vector_version: string | null
  vchord_version: string | null
  size_bytes: string | null
}

const isAtLeast = (version: string | null, major: number, minor: number) => {
  const [first = 0, second = 0] = (version ?? '').split('.').map(Number)
  return first > major || (first === major && second >= minor)
}

function indexOf(facts: Facts): VectorIndex | undefined {
  const { access_method, definition, vector_version, vchord_version } = facts
  if (access_method === 'vchordrq') {
    const lists = Number(/lists = \[(\d+)\]/.exec(definition ?? '')?.[1] ?? 1)
    return { kind: 'vchordrq', lists, canPrefilter: isAtLeast(vchord_version, 0, 4) }
  }
  // Before 0.8 a filtered scan ends with the first few neighbours, however few of them pass.
  if (access_method === 'hnsw' && isAtLeast(vector_version, 0, 8)) {
    return { kind: 'hnsw', isHalf: (definition ?? '').includes('halfvec') }
  }
  return undefined
}

/** Asks the catalogue alone: Postgres' functions that describe an index fail while another process replaces it. */
export async function findVectorSearch(
  db: Db,
  kind: VectorSpaceKind,
): Promise<VectorSearch | undefined> {
  const { rows } = await db.execute<Facts>(sql`
    select s.id, s.kind, s.model, s.dimension, i.access_method, i.definition,
      (select extversion from pg_extension where extname = 'vector') as vector_version,
      (select extversion from pg_extension where extname = 'vchord') as vchord_version,
      pg_relation_size(to_regclass(format('%s_vectors_%s', s.kind, s.id))) as size_bytes
    from vector_spaces s
    left join lateral (
      select m.amname as access_method,
        concat_ws(' ', o.opcname, array_to_string(c.reloptions, ' ')) as definition
      from pg_index x join pg_class c on c.oid = x.indexrelid join pg_am m on m.oid = c.relam
        join pg_opclass o on o.oid = x.indclass[0]
      where x.indrelid = to_regclass(format('%s_vectors_%s', s.kind, s.id))
        and m.amname in ('vchordrq', 'hnsw') and x.indisvalid
      limit 1) as i on true
    where s.kind = ${kind} and s.state = 'active'`)
  const [facts] = rows
  if (!facts) return undefined
  const { id, model, dimension } = facts
  const rowBytes = dimension * Float32Array.BYTES_PER_ELEMENT + ROW_OVERHEAD_BYTES
  return {
    space: { id: Number(id), kind, model, dimension: Number(dimension) },
    index: indexOf(facts),
    rowEstimate: Math.ceil(Number(facts.size_bytes) / rowBytes),
  }
}

/** Who may be found: ids from some tables under some conditions, all of one owner where that is known. */
export type Candidates = { id: SQL; from: SQL; where: SQL; ownerId?: UserId | undefined }

export type Neighbour<Id> = { id: Id; distance: number }

export type NearestQuery = {
  search: VectorSearch
  /** An expression of type `vector`. */
  target: SQL
  candidates: Candidates
  limit: number
}

/** What numbers are in a statement. */
export const vectorLiteral = (embedding: ArrayLike<number>): SQL =>
  sql`${vectorText(embedding)}::vector`

const keyOf = (kind: VectorSpaceKind) => sql.raw(kind === 'clip' ? 'v.asset_id' : 'v.face_id')

const TARGET = sql`(select t.target from target t)`

/** All candidates are compared; with more than the limit nothing is, and their number says so. */
function exactStatement({ search, target, candidates, limit }: NearestQuery): SQL {
  const { space, index } = search
  const most = index ? sql`limit ${EXACT_MAX_CANDIDATES + 1}::int` : sql``
  const isFew = index
    ? sql`where (select s.candidates from size s) <= ${EXACT_MAX_CANDIDATES}::int`
    : sql``
  return sql`
    with target as materialized (select ${target} as target),
    candidate as materialized (
      select ${candidates.id} as id from ${candidates.from} where ${candidates.where} ${most}),
    size as materialized (select count(*)::int as candidates from candidate),
    nearest as (
      select c.id, v.embedding <=> ${TARGET} as distance
      from candidate c join ${vectorTable(space)} v on ${keyOf(space.kind)} = c.id ${isFew}
      order by 2, 1 limit ${limit}::int)
    select s.candidates, n.id, n.distance from size s left join nearest n on true order by n.distance, n.id`
}

/** What the index holds may be half as precise as the vectors; the order of the answer is exact. */
function indexStatement({ search, target, candidates, limit }: NearestQuery): SQL {
  const { space, index } = search
  const half = sql.raw(`::halfvec(${space.dimension})`)
  const distance =
    index?.kind === 'hnsw' && index.isHalf
      ? sql`(v.embedding${half}) <=> (${TARGET}${half})`
      : sql`v.embedding <=> ${TARGET}`
  const owned = candidates.ownerId ? sql`and v.owner_id = ${candidates.ownerId}::uuid` : sql``
  return sql`
    with target as materialized (select ${target} as target),
    nearest as materialized (
      select ${keyOf(space.kind)} as id, v.embedding <=> ${TARGET} as distance
      from ${vectorTable(space)} v join (${candidates.from}) on ${candidates.id} = ${keyOf(space.kind)}
      where ${candidates.where} ${owned}
      order by ${distance} limit ${limit}::int)
    select id, distance from nearest order by distance, id`
}

/** For one transaction: settings of the index, and no plan that reads every row instead. */
export function settingsOf(
  { rowEstimate }: VectorSearch,
  { index, limit }: { index: VectorIndex; limit: number },
): Record<string, string> {
  const byIndex = Object.fromEntries(
    ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin', 'sort'].map((step) => [
      `enable_${step}`,
      'off',
    ]),
  )
  if (index.kind === 'vchordrq') {
    return {
      ...byIndex,
      'vchordrq.probes': String(Math.ceil(index.lists / 8)),
      ...(index.canPrefilter && { 'vchordrq.prefilter': 'on' }),
    }
  }
  // No fewer than so many pass the filter, or they would have been compared one by one: the fewer, the wider the view.
  const passing = Math.min(1, EXACT_MAX_CANDIDATES / Math.max(rowEstimate, 1))
  const wanted = Math.ceil((2 * limit) / passing)
  const efSearch = Math.min(Math.max(wanted, HNSW_MIN_EF_SEARCH), HNSW_MAX_EF_SEARCH)
  return {
    ...byIndex,
    'hnsw.ef_search': String(efSearch),
    'hnsw.iterative_scan': 'relaxed_order',
    'hnsw.max_scan_tuples': String(HNSW_MAX_SCAN_TUPLES),
    'hnsw.scan_mem_multiplier': String(HNSW_SCAN_MEMORY),
  }
}

type Row = { candidates?: number; id: string | null; distance: number | null }

function neighboursOf<Id extends string>(rows: Row[]): Neighbour<Id>[] {
  return rows.flatMap(({ id, distance }) =>
    id === null ? [] : [{ id: id as Id, distance: Number(distance) }],
  )
}

export async function findNearestByIndex<Id extends string>(
  db: Db,
  query: NearestQuery & { index: VectorIndex },
): Promise<Neighbour<Id>[]> {
  const settings = Object.entries(settingsOf(query.search, query))
  const results = await atomically(db, (q) => [
    q.execute(
      sql`select ${sql.join(
        settings.map(([name, value]) => sql`set_config(${name}, ${value}, true)`),
        sql`, `,
      )}`,
    ),
    q.execute<Row>(indexStatement(query)),
  ])
  return neighboursOf<Id>((results[1] as { rows: Row[] }).rows)
}

/**
 * The nearest candidates by cosine distance, nearest first: exact among few candidates, by the index among many. The
 * candidates are counted no further than it takes to decide, and in the statement that compares them if they are few.
 */
export async function findNearest<Id extends AssetId | FaceId>(
  db: Db,
  query: NearestQuery,
): Promise<Neighbour<Id>[]> {
  const { index } = query.search
  const { rows } = await db.execute<Row>(exactStatement(query))
  const isAnswered = !index || Number(rows[0]?.candidates) <= EXACT_MAX_CANDIDATES
  return isAnswered ? neighboursOf<Id>(rows) : findNearestByIndex<Id>(db, { ...query, index })
}

/** False where the database knows no vectors at all. */
export async function hasVectors(db: Db): Promise<boolean> {
  const { rows } = await db.execute<{ there: boolean }>(
    sql`select to_regtype('vector') is not null as there`,
  )
  return rows[0]?.there === true
}

/** An asset's vector as text, null where its model has not looked at it. Undefined: the viewer has no such asset. */
export async function findAssetVector(
  db: Db,
  { search, ...scope }: AssetScope & { search: VectorSearch },
): Promise<{ vector: string | null } | undefined> {
  const { rows } = await db.execute<{ vector: string | null }>(sql`
    select v.embedding::text as vector
    from ${assets} left join ${vectorTable(search.space)} v on v.asset_id = ${assets.id}
    where ${assets.id} = ${scope.assetId} and ${visibleTo(scope)}`)
  return rows[0]
}

const SAMPLE_ROWS = 2000
const SAMPLE_MIN_ROWS = 200

export type Background = {
  size: number
  lowest: number
  fivePercent: number
  fifteenPercent: number
}

/**
 * How similar an owner's assets are to a target in general: the lowest similarity (1 − distance) in a sample, and those
 * that five and fifteen percent of it stay below. Pages are drawn with the same seed each time, so that the pages of an answer agree.
 */
export async function findBackground(
  db: Db,
  { search, target, ownerId }: { search: VectorSearch; target: SQL; ownerId: UserId },
): Promise<Background> {
  const table = vectorTable(search.space)
  const percent = Math.min(100, (100 * SAMPLE_ROWS) / Math.max(search.rowEstimate, 1))
  const { rows } = await db.execute<{ size: number; quantiles: number[] | null }>(sql`
    with target as materialized (select ${target} as target),
    drawn as materialized (
      select v.embedding from ${table} v tablesample system (${percent}::real) repeatable (1)
      where v.owner_id = ${ownerId} limit ${SAMPLE_ROWS * 2}),
    -- Someone with little among many: the drawn pages may have missed all of it.
    owned as (
      select v.embedding from ${table} v
      where v.owner_id = ${ownerId} and (select count(*) from drawn) < ${SAMPLE_MIN_ROWS}::int
      limit ${SAMPLE_ROWS}),
    sample as (
      select embedding from drawn where (select count(*) from drawn) >= ${SAMPLE_MIN_ROWS}::int
      union all select embedding from owned)
    select count(*)::int as size,
      to_json(percentile_cont(array[0, 0.05, 0.15]) within group (order by 1 - (embedding <=> ${TARGET}))) as quantiles
    from sample`)
  const [row] = rows
  const [lowest = 0, fivePercent = 0, fifteenPercent = 0] = row?.quantiles ?? []
  return { size: Number(row?.size ?? 0), lowest, fivePercent, fifteenPercent }
}
