import { AppError } from '#contracts/errors.ts'
import type { Viewer } from '../authentication/viewer.ts'

/** Immich's apps stop their backup at exactly this text. */
export const QUOTA_EXCEEDED = 'Quota has been exceeded!'

/** Spares people a long upload. What holds the quota is the trigger in the batch that makes the asset. */
export function refuseBeyondQuota(viewer: Viewer, sizeBytes: number): void {
  const { quotaSizeBytes, quotaUsageBytes } = viewer
  if (quotaSizeBytes !== null && quotaUsageBytes + sizeBytes > quotaSizeBytes) {
    throw new AppError('quota_exceeded', QUOTA_EXCEEDED)
  }
}
