import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SQL, sql } from 'drizzle-orm'
import pg from 'pg'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { migrateDatabase } from '#db/migrate-database.ts'
import { connectPg, type PgDb } from '#db/node.ts'
import { matchingSearch, SEARCHED, type SearchFilter } from '#db/queries/search-filter.ts'
import { openSpace, vectorTable } from '#db/queries/vector-spaces.ts'
import {
  findNearest,
  findNearestByIndex,
  findVectorSearch,
  type NearestQuery,
} from '#db/queries/vectors.ts'
import { assetExif, assets, users } from '#db/schema/tables.ts'
import { reconcileVectorIndexes } from '#db/vector-index/reconcile.ts'
import { startPostgres } from '#stack/stores.ts'
import { median, reportLine, reportTarget } from './report.ts'

const VECTORS = 100_000
const DIMENSION = 512
const CLUSTERS = 400
/** How far a coordinate lies from the middle of its cluster, as a share of the middles' own spread. */
const SPREAD = 0.7
const ROWS_PER_INSERT = 500
const QUERIES = 40
const NEIGHBOURS = 100
const MIN_RECALL = 0.95

/** Every run has the same vectors. */
function randomOf(seed: number) {
  let state = seed
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  // Near enough to a normal distribution.
  return { uniform, normal: () => uniform() + uniform() + uniform() + uniform() - 2 }
}

const random = randomOf(42)
const centres = Array.from({ length: CLUSTERS }, () =>
  Float32Array.from({ length: DIMENSION }, random.normal),
)

/** Of whole numbers, which are written and read faster; Postgres brings it to length one. */
function clusteredVector(): string {
  const centre = centres[Math.floor(random.uniform() * CLUSTERS)] ?? []
  const parts = Array.from(centre, (value) => Math.round((value + SPREAD * random.normal()) * 500))
  return `[${parts.join(',')}]`
}

/** Filters as people set them, by what the assets below have. */
const FILTERS: { name: string; filter: SearchFilter }[] = [
  { name: 'unfiltered', filter: {} },
  { name: '1 % of the assets (one city)', filter: { city: 'City 7' } },
  { name: '10 % of the assets (one make)', filter: { make: 'Make 3' } },
  { name: '50 % of the assets (favourites)', filter: { isFavorite: true } },
  { name: '80 % of the assets (images)', filter: { type: 'IMAGE' } },
]

async function fill(db: PgDb, { ownerId, spaceId }: { ownerId: UserId; spaceId: number }) {
  const table = vectorTable({ id: spaceId, kind: 'clip' })
  for (let done = 0; done < VECTORS; done += ROWS_PER_INSERT) {
    const numbers = Array.from({ length: ROWS_PER_INSERT }, (_, at) => done + at)
    const ids = numbers.map(() => newId<AssetId>())
    const takenAt = new Date('2020-01-01T00:00:00Z')
    await db.insert(assets).values(
      ids.map((id, at) => ({
        ...{ id, ownerId, type: random.uniform() < 0.8 ? ('IMAGE' as const) : ('VIDEO' as const) },
        ...{ originalKey: id, originalFileName: `${id}.jpg`, originalMimeType: 'image/jpeg' },
        ...{ sizeBytes: 1, checksum: Buffer.from(id.replaceAll('-', ''), 'hex') },
        ...{ localDateTime: takenAt, fileModifiedAt: takenAt },
        fileCreatedAt: new Date(takenAt.getTime() + (numbers[at] ?? 0) * 60_000),
        isFavorite: random.uniform() < 0.5,
      })),
    )
    await db.insert(assetExif).values(
      ids.map((assetId) => ({
        assetId,
        city: `City ${Math.floor(random.uniform() * 100)}`,
        make: `Make ${Math.floor(random.uniform() * 10)}`,
      })),
    )
    await db.execute(sql`
      insert into ${table} (asset_id, owner_id, embedding)
      select id, ${ownerId}, l2_normalize(embedding::vector)
      from unnest(${sql.param(ids)}::uuid[], ${sql.param(ids.map(clusteredVector))}::text[]) as v (id, embedding)`)
  }
}

type Measured = { recall: number; p50: number; p99: number; isExact: boolean }

async function measure(db: PgDb, query: Omit<NearestQuery, 'target'>): Promise<Measured> {
  const { search } = query
  const exactSearch = { ...search, index: undefined }
  const times: number[] = []
  let found = 0
  let wanted = 0
  for (let number = 0; number < QUERIES; number += 1) {
    const target = sql`l2_normalize(${clusteredVector()}::vector)`
    const exact = await findNearest<AssetId>(db, { ...query, search: exactSearch, target })
    const startedAt = performance.now()
    const nearest = await findNearest<AssetId>(db, { ...query, target })
    times.push(performance.now() - startedAt)
    const ids = new Set(nearest.map(({ id }) => id))
    found += exact.filter(({ id }) => ids.has(id)).length
    wanted += exact.length
  }
  times.sort((a, b) => a - b)
  const p99 = times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN
  return { recall: found / wanted, p50: median(times), p99, isExact: false }
}

/** The index alone, however few candidates there are. */
async function measureIndex(db: PgDb, query: Omit<NearestQuery, 'target'>) {
  const { index } = query.search
  if (!index) return undefined
  const times: number[] = []
  for (let number = 0; number < QUERIES; number += 1) {
    const target = sql`l2_normalize(${clusteredVector()}::vector)`
    const startedAt = performance.now()
    await findNearestByIndex<AssetId>(db, { ...query, index, target })
    times.push(performance.now() - startedAt)
  }
  return median(times)
}

async function countOf(db: PgDb, where: SQL): Promise<number> {
  const { rows } = await db.execute<{ n: number }>(
    sql`select count(*)::int as n from ${SEARCHED} where ${where}`,
  )
  return Number(rows[0]?.n)
}

/** Neighbours of one query among 100,000 vectors: how many of the true hundred are found, and how fast. */
export async function benchVectorSearch() {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-bench-'))
  await using postgres = await startPostgres({
    dataFolder: folder,
    password: randomBytes(16).toString('hex'),
    isDurable: false,
  })
  try {
    await benchOn(postgres.url)
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function benchOn(url: string) {
  const ownerUrl = new URL(url)
  ownerUrl.pathname = '/vectors'
  const appUrl = new URL(ownerUrl)
  appUrl.username = 'bench_app'
  await migrateDatabase({ ownerUrl: ownerUrl.href, appUrl: appUrl.href, say: () => {} })
  await using db = connectPg({ url: appUrl.href, max: 2 })
  const ownerId = newId<UserId>()
  await db.insert(users).values({ id: ownerId, email: 'bench@example.org', name: 'Bench' })
  const space = await openSpace(db, { kind: 'clip', model: 'bench', dimension: DIMENSION })
  await using owner = await connectOwner(ownerUrl.href)
  // Rows first, then the index in one go: as when a server moves from one kind of index to another.
  await owner.client.query(`drop index if exists clip_vectors_${space.id}_nearest_idx`)

  const [filling, building] = [
    await timed(() => fill(db, { ownerId, spaceId: space.id })),
    await timed(() => reconcileVectorIndexes(owner.client, () => {})),
  ]
  await owner.client.query('analyze')
  const search = await findVectorSearch(db, 'clip')
  if (!search) throw new Error('the space is not there')
  const size = await owner.client.query(
    `select pg_size_pretty(pg_relation_size('clip_vectors_${space.id}_nearest_idx')) as size`,
  )
  reportLine(`rows with ${DIMENSION} dimensions`, String(VECTORS))
  reportLine('written in', `${filling.toFixed(0)} s`)
  reportLine(`index: ${search.index?.kind ?? 'none'}`, size.rows[0].size)
  reportLine('built in', `${building.toFixed(0)} s`)

  for (const { name, filter } of FILTERS) {
    const where = matchingSearch({ viewerId: ownerId, seesLocked: false }, filter)
    const query = {
      search,
      candidates: { id: sql`${assets.id}`, from: SEARCHED, where, ownerId },
      limit: NEIGHBOURS,
    }
    const candidates = await countOf(db, where)
    await measure(db, query) // what is read once stays in memory
    const { recall, p50, p99 } = await measure(db, query)
    const byIndex = await measureIndex(db, query)
    reportLine(`${name}: candidates`, String(candidates))
    reportTarget(`${name}: recall@${NEIGHBOURS}`, recall, { atLeast: MIN_RECALL })
    reportLine(`${name}: p50, p99`, `${p50.toFixed(1)}, ${p99.toFixed(1)} ms`)
    if (byIndex) reportLine(`${name}: p50 by the index alone`, `${byIndex.toFixed(1)} ms`)
  }
}

async function connectOwner(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}
