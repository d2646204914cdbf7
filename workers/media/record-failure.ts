import { tellAssets } from '#contracts/events.ts'
import type { mediaJobs } from '#contracts/jobs/all.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import { markAssetFailed } from '#db/queries/asset-work.ts'
import { markInboxExhausted } from '#db/queries/inbox-work.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import type { RecordFailure } from '#workers/runtime/types.ts'
import type { MediaDeps } from './deps.ts'

const TRIED_OFTEN = 'The server tried several times and could not process this file.'

/** Says on the asset why it has no thumbnail; a later run that works clears it. */
export const recordFailure: RecordFailure<typeof mediaJobs, MediaDeps> = async (
  failure,
  { db, pusher },
) => {
  if (failure.job === 'import-inbox-object') {
    await markInboxExhausted(db, { ...failure.payload, reason: TRIED_OFTEN })
    return true
  }
  if (failure.job !== 'extract-metadata' && failure.job !== 'make-thumbnails') return false
  const { assetId } = failure.payload
  const isExhausted = failure.kind === 'exhausted'
  // What stops the reading of metadata need not stop the picture.
  if (failure.job === 'extract-metadata' && isExhausted) {
    await insertJobs(db, [makeThumbnails.message({ assetId })])
    return false
  }
  const reason = isExhausted ? TRIED_OFTEN : failure.reason
  const ownerId = await markAssetFailed(db, { assetId, reason })
  if (ownerId) pusher.push([tellAssets(ownerId, 'failed', [assetId])])
  return true
}
