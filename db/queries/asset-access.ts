import { and, eq, ne, type SQL } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { assets } from '../schema/tables.ts'

/** Who asks for assets. `seesLocked` is true only in a session that has shown its PIN. */
export type AssetViewer = { viewerId: UserId; seesLocked: boolean }
export type AssetScope = AssetViewer & { assetId: AssetId }

/**
 * The one predicate that says which assets someone may see; every query for the edge has it in its WHERE. What was
 * deleted for good is gone for everybody, even while its objects are still being removed.
 */
export function visibleTo({ viewerId, seesLocked }: AssetViewer): SQL {
  const owned = and(eq(assets.ownerId, viewerId), ne(assets.status, 'deleted'))
  const visible = seesLocked ? owned : and(owned, ne(assets.visibility, 'locked'))
  return visible as SQL // `and` is undefined only without arguments
}
