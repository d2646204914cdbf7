import type { AssetId } from '#contracts/ids.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import { importInboxObject } from '#contracts/jobs/import-inbox-object.ts'
import { listInboxRowsForWork, markInboxImported } from '#db/queries/inbox-work.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import type { ObjectHead } from '#storage/storage.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { COPY_LIMITS, type CopyLimits } from './copy-object.ts'
import type { MediaDeps } from './deps.ts'
import { sidecarKeysOf } from './inbox-names.ts'

export type InboxLimits = CopyLimits & {
  /** An object stays for so long after it became an asset. */
  keptMs: number
}

/**
 * [Note: Kept for a moment] S3 tools look at an object after they have sent it and take an empty place for a failure,
 * and some send it twice within seconds. So an object that became an asset is removed by a job of its own, later.
 */
export const INBOX_LIMITS: InboxLimits = { ...COPY_LIMITS, keptMs: 10_000 }

export type InboxWork = {
  place: PayloadOf<typeof importInboxObject>
  deps: MediaDeps
  context: JobContext
  limits: InboxLimits
}

/** One version of an object, by the ETag that all that is done with it depends on. */
export type InboxVersion = { head: ObjectHead; etag: string }

/** The bytes are an asset: says so, wakes the sidecars that waited for it, and has the object removed in a while. */
export async function settleInboxObject(
  { place, deps, context, limits }: InboxWork,
  version: InboxVersion,
  assetId: AssetId,
) {
  const { db, clock } = deps
  const { requestId } = context
  const { ownerId, objectKey } = place
  await markInboxImported(db, { ...place, etag: version.etag, assetId })
  // After the mark: a sidecar's import that does not see it yet has its own row in place by now.
  const sidecars = await listInboxRowsForWork(db, { ownerId, objectKeys: sidecarKeysOf(objectKey) })
  const waiting = sidecars
    .filter(({ state, objectKey: key }) => state !== 'imported' && key !== objectKey)
    .map(({ objectKey: key }) => importInboxObject.message({ ownerId, objectKey: key }))
  if (waiting.length > 0) await insertJobs(db, waiting, { requestId })
  const runAfter = new Date(clock().getTime() + limits.keptMs)
  await insertJobs(db, [importInboxObject.message(place)], { requestId, runAfter })
}
