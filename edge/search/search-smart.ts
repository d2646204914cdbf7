import type { SearchResponseDto, SmartSearchDto } from '#contracts/api/search.ts'
import { AppError } from '#contracts/errors.ts'
import type { AssetId } from '#contracts/ids.ts'
import { listAssetsInOrder } from '#db/queries/search.ts'
import type { SearchFilter } from '#db/queries/search-filter.ts'
import { findLibraryBackground, listNearestAssets } from '#db/queries/smart-search.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import {
  findAssetVector,
  findVectorSearch,
  hasVectors,
  type Neighbour,
  type VectorSearch,
} from '#db/queries/vectors.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { decodeCursor, encodeCursor, RankPosition } from './cursor.ts'
import { filterOf } from './filter-of.ts'
import { presentFound, presentSearch } from './present-search.ts'
import { relevantDistance } from './relevance.ts'

const DEFAULT_SIZE = 100
/** Nobody scrolls further down a ranking; an index is asked for no more. */
const MAX_RANK = 10_000
/** Of a ranking read anew for the next page: so many may have come in front of where the last one ended, at first. */
const NEWCOMERS = 50
const RETRY_AFTER_SECONDS = 5

/** The page of a ranking that a request asks for. */
type Wanted = { size: number; page: number; position: RankPosition | undefined }

export async function searchSmart(
  deps: Pick<Deps, 'db' | 'embedText'>,
  viewer: Viewer,
  { page = 1, cursor, size = DEFAULT_SIZE, query, queryAssetId, language, ...rest }: SmartSearchDto,
): Promise<SearchResponseDto> {
  const { db } = deps
  const filter = filterOf(viewer, rest)
  const position = cursor === undefined ? undefined : decodeCursor(RankPosition, cursor)
  const text = query?.trim() || undefined
  if (!text && !queryAssetId)
    throw new AppError('bad_request', 'Either `query` or `queryAssetId` must be set')
  const search = await requireSearch(deps)
  const vector = queryAssetId
    ? await vectorOfAsset(deps, { search, viewer, assetId: queryAssetId })
    : await deps.embedText(
        { text: text ?? '', language, model: search.space.model },
        search.space.dimension,
      )
  const wanted = { size, page, position }
  const ranked = await rank(deps, { search, vector, filter, viewer, wanted })
  const assetIds = ranked.hits.map(({ id }) => id)
  const found = await listAssetsInOrder(db, { ...assetViewerOf(viewer), assetIds })
  return presentSearch({
    items: found.map((hit) => presentFound(hit, rest)),
    nextPage: ranked.next && !cursor ? page + 1 : undefined,
    nextCursor: ranked.next && encodeCursor(ranked.next),
  })
}

async function requireSearch({ db, embedText }: Pick<Deps, 'db' | 'embedText'>) {
  const [search, { machineLearning }] = await Promise.all([
    findVectorSearch(db, 'clip'),
    readSystemConfig(db),
  ])
  if (!machineLearning.enabled || !machineLearning.clip.enabled)
    throw new AppError('bad_request', 'Smart search is not enabled')
  if (search) return search
  if (!(await hasVectors(db))) {
    throw new AppError(
      'busy',
      'Search by words is not available: the database has neither VectorChord nor pgvector',
    )
  }
  // Only the worker knows why there is no model: whatever it is asked it refuses with the reason.
  await embedText({ text: 'photo', language: undefined, model: machineLearning.clip.modelName })
  throw new AppError(
    'busy',
    'Search by words is not available: no model has looked at any picture yet',
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  )
}

type OfAsset = { search: VectorSearch; viewer: Viewer; assetId: AssetId }

async function vectorOfAsset({ db }: Pick<Deps, 'db'>, of: OfAsset): Promise<string> {
  const scope = { ...assetViewerOf(of.viewer), assetId: of.assetId }
  const found = await findAssetVector(db, { search: of.search, ...scope })
  if (!found) throw new AppError('no_access', 'Not found or no asset.read access')
  if (!found.vector)
    throw new AppError('bad_request', 'No model has looked at this asset yet, please try later')
  return found.vector
}

type Ranking = {
  search: VectorSearch
  vector: string
  filter: SearchFilter
  viewer: Viewer
  wanted: Wanted
}

/**
 * The hits of a page that matter, and where the next one begins. See [Note: Relevance cut-off]. When another model has
 * taken over since the page before, only how many came before says something in its ranking.
 */
async function rank(
  { db }: Pick<Deps, 'db'>,
  ranking: Ranking,
  newcomers = NEWCOMERS,
): Promise<{ hits: Neighbour<AssetId>[]; next: RankPosition | undefined }> {
  const { search, vector, filter, viewer, wanted } = ranking
  const { size, page, position } = wanted
  const from = position?.[4] === search.space.id ? position : undefined
  const before = position ? position[2] : (page - 1) * size
  const limit = Math.min(before + size + 1 + (from ? newcomers : 0), MAX_RANK)
  const [nearest, background] = await Promise.all([
    listNearestAssets(db, { ...assetViewerOf(viewer), filter, search, vector, limit }),
    // Once per answer: a cursor carries the limit that its first page found.
    from ? undefined : findLibraryBackground(db, { viewerId: viewer.id, search, vector }),
  ])
  const [best] = nearest
  if (!best) return { hits: [], next: undefined }
  const most = background ? relevantDistance(best.distance, background) : (from?.[3] ?? 0)
  const relevant = nearest.filter(({ distance }) => distance <= most)
  const rest = from ? relevant.filter((hit) => isAfter(hit, from)) : relevant.slice(before)
  // More came in front than was reckoned with: they took the places of what belongs to this page.
  if (from && rest.length <= size && relevant.length === limit && limit < MAX_RANK)
    return await rank({ db }, ranking, 4 * newcomers)
  const hits = rest.slice(0, size)
  const last = rest.length > size ? hits.at(-1) : undefined
  const end = relevant.length - rest.length + hits.length
  return { hits, next: last && [last.distance, last.id, end, most, search.space.id] }
}

const isAfter = ({ distance, id }: Neighbour<AssetId>, [lastDistance, lastId]: RankPosition) =>
  distance > lastDistance || (distance === lastDistance && id > lastId)
