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
/** Of a ranking read anew for the next page: so many may have come in front of where the last one ended. */
const NEWCOMERS = 50

/** The page of a ranking that a request asks for. */
type Wanted = { size: number; page: number; from: RankPosition | undefined }

export async function searchSmart(
  deps: Pick<Deps, 'db' | 'embedText'>,
  viewer: Viewer,
  { page = 1, cursor, size = DEFAULT_SIZE, query, queryAssetId, language, ...rest }: SmartSearchDto,
): Promise<SearchResponseDto> {
  const { db } = deps
  const filter = filterOf(viewer, rest)
  const from = cursor === undefined ? undefined : decodeCursor(RankPosition, cursor)
  const text = query?.trim() || undefined
  if (!text && !queryAssetId)
    throw new AppError('bad_request', 'Either `query` or `queryAssetId` must be set')
  const search = await requireSearch(deps)
  if (!search) return presentSearch({ items: [], nextPage: undefined, nextCursor: undefined })

  const vector = queryAssetId
    ? await vectorOfAsset(deps, { search, viewer, assetId: queryAssetId })
    : await deps.embedText(
        { text: text ?? '', language, model: search.space.model },
        search.space.dimension,
      )
  const ranked = await rank(deps, { search, vector, filter, viewer, wanted: { size, page, from } })
  const assetIds = ranked.hits.map(({ id }) => id)
  const found = await listAssetsInOrder(db, { ...assetViewerOf(viewer), assetIds })
  return presentSearch({
    items: found.map((hit) => presentFound(hit, rest)),
    nextPage: ranked.next && !cursor ? page + 1 : undefined,
    nextCursor: ranked.next && encodeCursor(ranked.next),
  })
}

/** Undefined where no model has looked at anything yet. */
async function requireSearch({ db }: Pick<Deps, 'db'>): Promise<VectorSearch | undefined> {
  const [search, { machineLearning }] = await Promise.all([
    findVectorSearch(db, 'clip'),
    readSystemConfig(db),
  ])
  if (!machineLearning.enabled || !machineLearning.clip.enabled)
    throw new AppError('bad_request', 'Smart search is not enabled')
  if (!search && !(await hasVectors(db))) {
    throw new AppError(
      'busy',
      'Search by words is not available: the database has neither VectorChord nor pgvector',
    )
  }
  return search
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

/** The hits of a page that matter, and where the next one begins. See [Note: Relevance cut-off]. */
async function rank(
  { db }: Pick<Deps, 'db'>,
  { search, vector, filter, viewer, wanted: { size, page, from } }: Ranking,
): Promise<{ hits: Neighbour<AssetId>[]; next: RankPosition | undefined }> {
  const before = from ? from[2] : (page - 1) * size
  const limit = Math.min(before + size + 1 + (from ? NEWCOMERS : 0), MAX_RANK)
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
  const hits = rest.slice(0, size)
  const last = rest.length > size ? hits.at(-1) : undefined
  return { hits, next: last && [last.distance, last.id, before + hits.length, most] }
}

const isAfter = ({ distance, id }: Neighbour<AssetId>, [lastDistance, lastId]: RankPosition) =>
  distance > lastDistance || (distance === lastDistance && id > lastId)
