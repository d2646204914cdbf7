import type { AssetId } from '#contracts/ids.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import { importInboxObject } from '#contracts/jobs/import-inbox-object.ts'
import { listInboxRowsForWork, markInboxImported } from '#db/queries/inbox-work.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import type { ObjectHead } from '#storage/storage.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { CopyLimits } from './copy-object.ts'
import type { MediaDeps } from './deps.ts'
import { sidecarKeysOf } from './inbox-names.ts'

export type InboxWork = {
  place: PayloadOf<typeof importInboxObject>
  deps: MediaDeps
  context: JobContext
  limits: CopyLimits
}

/** One version of an object, by the ETag that all that is done with it depends on. */
export type InboxVersion = { head: ObjectHead; etag: string }

/** The bytes are an asset: says so, wakes the sidecars that waited for it, and removes what nobody needs any more. */
export async function settleInboxObject(
  { place, deps, context }: InboxWork,
  version: InboxVersion,
  assetId: AssetId,
) {
  const { db, storage } = deps
  const { requestId } = context
  const { ownerId, objectKey } = place
  await markInboxImported(db, { ...place, etag: version.etag, assetId })
  // After the mark: a sidecar's import that does not see it yet has its own row in place by now.
  const sidecars = await listInboxRowsForWork(db, { ownerId, objectKeys: sidecarKeysOf(objectKey) })
  const waiting = sidecars
    .filter(({ state, objectKey: key }) => state !== 'imported' && key !== objectKey)
    .map(({ objectKey: key }) => importInboxObject.message({ ownerId, objectKey: key }))
  if (waiting.length > 0) await insertJobs(db, waiting, { requestId })
  if (await storage.deleteIfMatch(objectKey, version.head.etag)) return
  await insertJobs(db, [importInboxObject.message(place)], { requestId })
}
