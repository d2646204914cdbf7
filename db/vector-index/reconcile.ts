import pg from 'pg'
import { databaseErrorOf } from '../database-error.ts'
import { findNearestIndex, type NearestIndex } from './find-nearest-index.ts'

type Say = (message: string) => void

type Space = { id: number; kind: 'clip' | 'face'; model: string; dimension: number }

/** A list of VectorChord's may hold so many times more or fewer vectors than it should before it is worth a new index. */
const TOLERANCE = 1.2
/** Shared memory for a parallel build may be small (64 MB in a container by default). */
const DISK_FULL = '53100'
const MIN_BUILD_MEMORY_MB = 64
const MAX_BUILD_MEMORY_MB = 2048
/** What an index holds in memory beside the vector, as a share of it. */
const BUILD_OVERHEAD = 1.5

/**
 * Gives each vector space the index that this server can make: VectorChord's when it is installed, else pgvector's, with
 * lists for the rows that there are. A new one is built beside the old one, which goes on answering, and takes its name.
 */
export async function reconcileVectorIndexes(client: pg.Client, say: Say): Promise<void> {
  const { rows: spaces } = await client.query<Space>(
    `select id, kind, model, dimension from vector_spaces order by id`,
  )
  for (const space of spaces) await reconcile(client, space, say)
}

async function reconcile(client: pg.Client, space: Space, say: Say) {
  const table = `${space.kind}_vectors_${space.id}`
  const found = await findNearestIndex(client, table)
  await dropLeftovers(client, table)
  const { wanted, accepted } = await wantedClauses(client, { table, dimension: space.dimension })
  if (found?.isValid && accepted.includes(found.clause)) return
  if (!wanted && !found) return
  if (wanted) {
    say(`builds the vector index of ${space.model}`)
    await build(client, { table, clause: wanted, space })
  }
  await takePlace(client, { table, found, hasNew: Boolean(wanted) })
}

/** What stands when a build was interrupted, or a swap before its last step. */
async function dropLeftovers(client: pg.Client, table: string) {
  for (const name of [`${table}_nearest_new`, `${table}_nearest_old`])
    await client.query(`drop index concurrently if exists ${pg.escapeIdentifier(name)}`)
}

async function wantedClauses(
  client: pg.Client,
  { table, dimension }: { table: string; dimension: number },
): Promise<{ wanted: string | null; accepted: (string | null)[] }> {
  const { rows } = await client.query<{ clauses: (string | null)[] }>(
    `select array(select vector_index_clause($1, (counted.n * factor)::bigint)
       from unnest(array[1, $2::float8, 1 / $2::float8]) as factor) as clauses
     from (select count(*) as n from ${pg.escapeIdentifier(table)}) as counted`,
    [dimension, TOLERANCE],
  )
  const clauses = rows[0]?.clauses ?? [null]
  return { wanted: clauses[0] ?? null, accepted: clauses }
}

type Build = { table: string; clause: string; space: Space }

async function build(client: pg.Client, { table, clause, space }: Build) {
  const { rows } = await client.query<{ n: string }>(
    `select count(*) as n from ${pg.escapeIdentifier(table)}`,
  )
  const neededMb = (Number(rows[0]?.n) * space.dimension * 4 * BUILD_OVERHEAD) / 2 ** 20
  const memoryMb = Math.round(
    Math.min(Math.max(neededMb, MIN_BUILD_MEMORY_MB), MAX_BUILD_MEMORY_MB),
  )
  const name = pg.escapeIdentifier(`${table}_nearest_new`)
  const create = async () => {
    await client.query(
      `create index concurrently ${name} on ${pg.escapeIdentifier(table)} ${clause}`,
    )
    await client.query(`comment on index ${name} is ${pg.escapeLiteral(clause)}`)
  }
  await client.query(`set maintenance_work_mem = '${memoryMb}MB'`)
  try {
    await create()
  } catch (error) {
    if (databaseErrorOf(error)?.code !== DISK_FULL) throw error
    await client.query(`drop index concurrently if exists ${name}`)
    await client.query('set max_parallel_maintenance_workers = 0')
    await create()
  } finally {
    await client.query('reset maintenance_work_mem')
    await client.query('reset max_parallel_maintenance_workers')
  }
}

type Swap = { table: string; found: NearestIndex | undefined; hasNew: boolean }

async function takePlace(client: pg.Client, { table, found, hasNew }: Swap) {
  const rename = (from: string, to: string) =>
    client.query(
      `alter index ${pg.escapeIdentifier(from)} rename to ${pg.escapeIdentifier(`${table}_nearest_${to}`)}`,
    )
  await client.query('begin')
  if (found) await rename(found.name, 'old')
  if (hasNew) await rename(`${table}_nearest_new`, 'idx')
  await client.query('commit')
  // Waits for whoever still reads by it; nobody waits for this.
  await client.query(
    `drop index concurrently if exists ${pg.escapeIdentifier(`${table}_nearest_old`)}`,
  )
}
