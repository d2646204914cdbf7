import type { UserId } from '#contracts/ids.ts'
import { deleteInboxObjects, listInboxVersions, retryInboxObjects } from '#db/queries/inbox.ts'
import type { Deps } from '../deps.ts'

const IN_FLIGHT = 8

/**
 * Removes objects that are listed for the viewer, and only those, as they were when they were listed: what was
 * replaced since is looked at instead. What is gone already stays gone.
 */
export async function removeFromInbox(
  { db, storage, requestId }: Deps,
  viewerId: UserId,
  asked: string[],
): Promise<void> {
  const versions = await listInboxVersions(db, { viewerId, keys: asked })
  const removed: string[] = []
  const replaced: string[] = []
  const remove = async ({ objectKey, etag }: (typeof versions)[number]) => {
    const isGone = await storage.deleteIfMatch(objectKey, `"${etag}"`)
    const outcome = isGone ? removed : replaced
    outcome.push(objectKey)
  }
  for (let start = 0; start < versions.length; start += IN_FLIGHT)
    await Promise.all(versions.slice(start, start + IN_FLIGHT).map(remove))
  if (removed.length > 0) await deleteInboxObjects(db, { viewerId, keys: removed })
  if (replaced.length > 0) await retryInboxObjects(db, { viewerId, keys: replaced, requestId })
}
