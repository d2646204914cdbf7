import { type SQL, sql } from 'drizzle-orm'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AssetId, FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import type { Db } from '#db/client.ts'
import { matchingSearch, SEARCHED, type SearchFilter } from '#db/queries/search-filter.ts'
import { openSpace, type VectorSpace, writeClipVectors } from '#db/queries/vector-spaces.ts'
import {
  findNearest,
  findNearestByIndex,
  findVectorSearch,
  type VectorSearch,
  vectorLiteral,
} from '#db/queries/vectors.ts'
import { assetExif, assetFaces, assets, people } from '#db/schema/tables.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { assetRow, seedUser } from '#test/helpers/seed.ts'

const VECTORS = 3000
const CLUSTERS = 40
const DIMENSION = 64
const NEIGHBOURS = 20
const QUERIES = 20
const MIN_RECALL = 0.95

/** Each kind with the index as `vector_index_clause` makes it for so many rows. */
const KINDS = [
  {
    kind: 'hnsw',
    extension: 'vector',
    clause: (dimension: number) =>
      `using hnsw ((embedding::halfvec(${dimension})) halfvec_cosine_ops) with (m = 16, ef_construction = 128)`,
  },
  {
    kind: 'vchordrq',
    extension: 'vchord',
    clause: () =>
      `using vchordrq (embedding vector_cosine_ops) with (options = $$residual_quantization = false
[build.internal]
lists = [16]
spherical_centroids = true$$)`,
  },
]

let state = 7
function uniform() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}
const normal = () => uniform() + uniform() + uniform() + uniform() - 2
const randomVector = (dimension: number) => Float32Array.from({ length: dimension }, normal)

const database = await createTestDatabase()
const { db } = database
const extensions = new Set(
  (await db.execute<{ name: string }>(sql`select extname as name from pg_extension`)).rows.map(
    ({ name }) => name,
  ),
)
for (const { kind, extension } of KINDS)
  if (!extensions.has(extension))
    console.log(`skipped: recall of ${kind}, the extension ${extension} is not installed`)

/** Owners, dates, cameras and people, so that filters leave 1 in 2, in 10 and in 100. */
async function seedLibrary(count: number, dimension: number, model: string) {
  const [ownerId, otherId] = [await seedUser(db), await seedUser(db)]
  const centres = Array.from({ length: CLUSTERS }, () => randomVector(dimension))
  const rows = Array.from({ length: count }, (_, at) =>
    assetRow(at % 10 === 9 ? otherId : ownerId, {
      fileCreatedAt: new Date(Date.UTC(2020, 0, 1, 0, at)),
      visibility: at % 20 === 4 ? 'archive' : 'timeline',
      isFavorite: at % 2 === 0,
    }),
  )
  await db.insert(assets).values(rows)
  await db
    .insert(assetExif)
    .values(rows.map(({ id }, at) => ({ assetId: id, city: `City ${at % 100}` })))
  const personId = newId<PersonId>()
  await db.insert(people).values({ id: personId, ownerId })
  const box = { boundingBoxX1: 1, boundingBoxY1: 1, boundingBoxX2: 9, boundingBoxY2: 9 }
  const seen = rows.filter((_, at) => at % 50 === 0)
  await db.insert(assetFaces).values(
    seen.map(({ id: assetId }) => ({
      ...{ id: newId<FaceId>(), assetId, personId, imageWidth: 99, imageHeight: 99, ...box },
    })),
  )
  const space = await openSpace(db, { kind: 'clip', model, dimension })
  // Made at the end in one go, which is faster.
  await asOwner([`drop index if exists clip_vectors_${space.id}_nearest_idx`])
  const vectorOf = () => {
    const centre = centres[Math.floor(uniform() * CLUSTERS)] as Float32Array
    return centre.map((value) => value + 0.7 * normal())
  }
  for (let at = 0; at < count; at += 500)
    await writeClipVectors(db, {
      spaceId: space.id,
      rows: rows.slice(at, at + 500).map(({ id }) => ({ assetId: id, embedding: vectorOf() })),
    })
  return { ownerId, personId, space, vectorOf }
}

type Library = Awaited<ReturnType<typeof seedLibrary>>

async function asOwner(statements: string[]) {
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  for (const statement of statements) await owner.query(statement)
  await owner.end()
}

async function indexBy(space: VectorSpace, clause: string): Promise<VectorSearch> {
  await asOwner([
    `create index clip_vectors_${space.id}_nearest_idx on clip_vectors_${space.id} ${clause}`,
    'analyze',
  ])
  const search = await findVectorSearch(db, 'clip')
  if (!search) throw new Error('no active space')
  return search
}

const candidatesOf = (ownerId: UserId, filter: SearchFilter) => ({
  ...{ id: sql`${assets.id}`, from: SEARCHED, ownerId },
  where: matchingSearch({ viewerId: ownerId, seesLocked: false }, filter),
})

type Recall = { library: Library; search: VectorSearch; filter: SearchFilter }

/** The share of the true neighbours that the index finds. */
async function recallOf(db: Db, { library, search, filter }: Recall): Promise<number> {
  const candidates = candidatesOf(library.ownerId, filter)
  const { index } = search
  if (!index) throw new Error('there is no index')
  const shares: number[] = []
  for (let number = 0; number < QUERIES; number += 1) {
    const target: SQL = vectorLiteral(library.vectorOf())
    const query = { search, target, candidates, limit: NEIGHBOURS }
    const exact = await findNearest<AssetId>(db, query)
    const found = await findNearestByIndex<AssetId>(db, { ...query, index })
    const ids = new Set(found.map(({ id }) => id))
    shares.push(exact.filter(({ id }) => ids.has(id)).length / exact.length)
  }
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

describe.each(KINDS)('$kind finds the neighbours that an exact search finds', (index) => {
  const isThere = extensions.has(index.extension)
  let library: Library
  let search: VectorSearch
  beforeAll(async () => {
    if (!isThere) return
    await db.execute(sql`delete from vector_spaces`)
    library = await seedLibrary(VECTORS, DIMENSION, `small-${index.kind}`)
    search = await indexBy(library.space, index.clause(DIMENSION))
  })

  test.skipIf(!isThere).each<[string, SearchFilter | 'person']>([
    ['of one owner', {}],
    ['among half', { isFavorite: true }],
    ['among 1 in 20', { visibility: 'archive' }],
    ['among 1 in 50', 'person'],
    ['among 1 in 100', { city: 'City 7' }],
    ['of some days', { takenAfter: '2020-01-02T00:00:00Z', takenBefore: '2020-01-02T06:00:00Z' }],
  ])('%s', async (_name, given) => {
    const filter = given === 'person' ? { personIds: [library.personId] } : given

    const recall = await recallOf(db, { library, search, filter })

    expect(search.index?.kind).toBe(index.kind)
    expect(recall).toBeGreaterThanOrEqual(MIN_RECALL)
  })

  test.skipIf(!isThere)('with more dimensions than an index of whole floats takes', async () => {
    await db.execute(sql`delete from vector_spaces`)
    const wide = await seedLibrary(300, 2304, `wide-${index.kind}`)
    const wideSearch = await indexBy(wide.space, index.clause(2304))

    const recall = await recallOf(db, { library: wide, search: wideSearch, filter: {} })

    expect(recall).toBeGreaterThanOrEqual(MIN_RECALL)
  })
})
