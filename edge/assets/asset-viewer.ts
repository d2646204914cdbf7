import type { AssetViewer } from '#db/queries/asset-access.ts'
import type { Viewer } from '../authentication/viewer.ts'

/** Locked assets show themselves only to a session that has given its PIN, never to an API key. */
export function assetViewerOf({ id, proof }: Viewer): AssetViewer {
  return { viewerId: id, seesLocked: proof.kind === 'session' && proof.isElevated }
}
