import type { UserId } from '#contracts/ids.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import { deleteUser } from '#contracts/jobs/delete-user.ts'
import { deleteAssetsOfUserForWork, hasAssetsForWork } from '#db/queries/asset-work.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import {
  deleteUserForWork,
  listMultipartUploadsForWork,
  markUserRemovingForWork,
} from '#db/queries/users-for-work.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { MediaDeps } from '../deps.ts'

const ASSETS_AT_ONCE = 1000
const UPLOADS_AT_ONCE = 1000
const LOOK_AGAIN_MS = 15_000

/**
 * Marks every asset as deleted, which leaves a job for each, and comes back until they are gone. Then whatever still
 * lies under the user's prefixes, then the row.
 */
export async function handleDeleteUser(
  { userId }: PayloadOf<typeof deleteUser>,
  deps: MediaDeps,
  { log, signal, requestId }: JobContext,
) {
  const { db, clock } = deps
  if (!(await markUserRemovingForWork(db, userId)))
    return log.info({ userId }, 'user is gone or came back, nothing to do')

  const page = { ownerId: userId, limit: ASSETS_AT_ONCE, requestId }
  while ((await deleteAssetsOfUserForWork(db, page)) > 0) signal.throwIfAborted()
  if (await hasAssetsForWork(db, userId)) {
    const runAfter = new Date(clock().getTime() + LOOK_AGAIN_MS)
    return await insertJobs(db, [deleteUser.message({ userId })], { requestId, runAfter })
  }
  await deleteObjectsOf(userId, deps, signal)
  await deleteUserForWork(db, userId)
}

async function deleteObjectsOf(userId: UserId, { db, storage }: MediaDeps, signal: AbortSignal) {
  const open = await listMultipartUploadsForWork(db, { ownerId: userId, limit: UPLOADS_AT_ONCE })
  for (const { objectKey: key, multipartId } of open)
    if (multipartId) await storage.abortMultipart({ key, multipartId })
  for (const folder of ['upload', 'thumbs', 'encoded-video', 'profile', 'inbox']) {
    const prefix = `${folder}/${userId}/`
    for (;;) {
      signal.throwIfAborted()
      const { objects } = await storage.list(prefix)
      if (objects.length === 0) break
      await storage.delete(objects.map(({ key }) => key))
    }
  }
}
