import { AppError } from '#contracts/errors.ts'
import type { AssetId } from '#contracts/ids.ts'
import type { Db } from '#db/client.ts'
import { findAsset } from '#db/queries/assets.ts'
import type { Viewer } from '../authentication/viewer.ts'
import { assetViewerOf } from './asset-viewer.ts'

/** The motion half of a live photo must be a video of the same person. */
export async function refuseForeignMotion(
  db: Db,
  viewer: Viewer,
  motionId: AssetId | null | undefined,
): Promise<void> {
  if (!motionId) return
  const motion = await findAsset(db, { ...assetViewerOf(viewer), assetId: motionId })
  if (!motion) throw new AppError('bad_request', 'Live photo video not found')
  if (motion.type !== 'VIDEO') throw new AppError('bad_request', 'Live photo video must be a video')
}
