import type { UserId } from '#contracts/ids.ts'
import { deleteInboxObjects, listInboxKeys } from '#db/queries/inbox.ts'
import type { Deps } from '../deps.ts'

/** Removes objects that are listed for the viewer, and only those; what is gone already stays gone. */
export async function removeFromInbox(
  { db, storage }: Deps,
  viewerId: UserId,
  asked: string[],
): Promise<void> {
  const keys = await listInboxKeys(db, { viewerId, keys: asked })
  await storage.delete(keys)
  await deleteInboxObjects(db, { viewerId, keys })
}
