import type { AssetVisibility } from '#contracts/api/asset-statistics.ts'
import { AppError } from '#contracts/errors.ts'
import type { AssetViewer } from '#db/queries/asset-access.ts'
import type { Viewer } from '../authentication/viewer.ts'

/** Locked assets show themselves only to a session that has given its PIN, never to an API key. */
export function assetViewerOf({ id, proof }: Viewer): AssetViewer {
  return { viewerId: id, seesLocked: proof.kind === 'session' && proof.isElevated }
}

/** For questions about the locked folder as a whole. */
export function requireElevation(viewer: Viewer, visibility: AssetVisibility | undefined): void {
  if (visibility === 'locked' && !assetViewerOf(viewer).seesLocked) {
    throw new AppError('not_authenticated', 'Elevated permission is required')
  }
}
