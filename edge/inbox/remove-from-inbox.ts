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
  for (let start = 0; start < versions.length; start += IN_FLIGHT) {
    const removing = versions
      .slice(start, start + IN_FLIGHT)
      .map(async ({ objectKey, etag }) =>
        ((await storage.deleteIfMatch(objectKey, `"${etag}"`)) ? removed : replaced).push(
          objectKey,
        ),
      )
    await Promise.all(removing)
  }
  if (removed.length > 0) await deleteInboxObjects(db, { viewerId, keys: removed })
  if (replaced.length > 0) await retryInboxObjects(db, { viewerId, keys: replaced, requestId })
}
