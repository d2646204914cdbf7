import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { assets } from '../schema/tables.ts'

/** Who asks for assets. `seesLocked` is true only in a session that has shown its PIN. */
export type AssetViewer = { viewerId: UserId; seesLocked: boolean }
export type AssetScope = AssetViewer & { assetId: AssetId }

/**
 * The video of a live photo is hidden wherever its still is; beside a locked one it lies in the locked folder. (Among
 * the selected columns drizzle would leave the table out of a column's name, and `id` be the still's.)
 */
export const LIES_IN_LOCKED_FOLDER = sql<boolean>`(${assets.visibility} = 'locked' or (
  ${assets.visibility} = 'hidden' and exists (
    select from assets still where still.live_photo_video_id = assets.id and still.visibility = 'locked')))`

/**
 * The one predicate that says which assets someone may see; every query for the edge has it in its WHERE. What was
 * deleted for good is gone for everybody, even while its objects are still being removed.
 */
export function visibleTo({ viewerId, seesLocked }: AssetViewer): SQL {
  return ownedBy(viewerId, seesLocked ? undefined : sql`not ${LIES_IN_LOCKED_FOLDER}`)
}

/**
 * The same for lists without hidden assets: those alone are halves of others, and to look for the other half of each
 * of a whole library costs.
 */
export function visibleTilesTo({ viewerId, seesLocked }: AssetViewer): SQL {
  const unlocked = seesLocked ? undefined : ne(assets.visibility, 'locked')
  return ownedBy(viewerId, and(ne(assets.visibility, 'hidden'), unlocked))
}

/** For lists that may be of hidden assets. */
export const visibleIn = (viewer: AssetViewer, visibility: string | undefined): SQL =>
  visibility === 'hidden' ? visibleTo(viewer) : visibleTilesTo(viewer)

function ownedBy(viewerId: UserId, condition: SQL | undefined): SQL {
  const owned = and(eq(assets.ownerId, viewerId), ne(assets.status, 'deleted'), condition)
  return owned as SQL // `and` is undefined only without arguments
}
