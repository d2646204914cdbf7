import type { gpuJobs } from '#contracts/jobs/all.ts'
import { markModelsFailed } from '#db/queries/model-work.ts'
import type { RecordFailure } from '#workers/runtime/types.ts'
import type { GpuDeps } from './deps.ts'

const kindOf = { 'embed-image': 'clip', 'detect-faces': 'face' } as const

/** The asset counts as seen, and its job stays visible among the failed ones: only an administrator can do something. */
export const recordFailure: RecordFailure<typeof gpuJobs, GpuDeps> = async (failure, { db }) => {
  if (failure.job !== 'embed-image' && failure.job !== 'detect-faces') return false
  const { payload, reason } = failure
  const kind = kindOf[failure.job]
  await markModelsFailed(db, { assetId: payload.assetId, kind, reason })
  return false
}
