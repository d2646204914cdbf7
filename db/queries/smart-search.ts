import { sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { assets } from '../schema/tables.ts'
import type { AssetViewer } from './asset-access.ts'
import { matchingSearch, SEARCHED, type SearchFilter } from './search-filter.ts'
import {
  type Background,
  findBackground,
  findNearest,
  type Neighbour,
  type VectorSearch,
} from './vectors.ts'

/** `vector` is text as Postgres reads it, of the space's dimension. */
type Target = { search: VectorSearch; vector: string }

/** Of what the viewer may see and the filter asks for: what is most similar, nearest first. */
export async function listNearestAssets(
  db: Db,
  {
    viewerId,
    seesLocked,
    filter,
    search,
    vector,
    limit,
  }: AssetViewer & Target & { filter: SearchFilter; limit: number },
): Promise<Neighbour<AssetId>[]> {
  return await findNearest<AssetId>(db, {
    search,
    target: sql`${vector}::vector`,
    candidates: {
      ...{ id: sql`${assets.id}`, from: SEARCHED, ownerId: viewerId },
      where: matchingSearch({ viewerId, seesLocked }, filter),
    },
    limit,
  })
}

/** How similar the viewer's library is to it in general. */
export async function findLibraryBackground(
  db: Db,
  { viewerId, search, vector }: Target & { viewerId: UserId },
): Promise<Background> {
  return await findBackground(db, { search, target: sql`${vector}::vector`, ownerId: viewerId })
}
