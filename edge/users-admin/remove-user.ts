import { AppError } from '#contracts/errors.ts'
import { endUser, tellEverybody } from '#contracts/events.ts'
import type { UserId } from '#contracts/ids.ts'
import { deleteUser } from '#contracts/jobs/delete-user.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import { removeUser, restoreUser, type User } from '#db/queries/users.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'

const DAY_MS = 24 * 60 * 60 * 1000

type Removal = { viewer: Viewer; userId: UserId; force: boolean }

/** Signed out at once; everything of theirs is deleted after the configured days, or now with `force`. */
export async function removeUserAsAdmin(
  { db, clock, requestId, push }: Deps,
  { viewer, userId, force }: Removal,
): Promise<User> {
  if (viewer.id === userId) throw new AppError('forbidden', 'Cannot delete your own account')
  const deletedAt = clock()
  const { user } = await readSystemConfig(db)
  const removed = await removeUser(db, {
    userId,
    status: force ? 'removing' : 'deleted',
    deletedAt,
    job: deleteUser.message({ userId }),
    runAfter: force ? deletedAt : new Date(deletedAt.getTime() + user.deleteDelay * DAY_MS),
    requestId,
  })
  if (!removed) throw new AppError('no_access', 'User not found')
  push([endUser(userId), tellEverybody('on_user_delete', userId)])
  return removed
}

export async function restoreUserAsAdmin({ db }: Deps, userId: UserId): Promise<User> {
  const restored = await restoreUser(db, { userId, job: deleteUser.message({ userId }) })
  if (!restored) throw new AppError('no_access', 'User not found')
  return restored
}
