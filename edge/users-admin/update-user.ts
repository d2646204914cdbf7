import type { UserAdminUpdateDto } from '#contracts/api/users-admin.ts'
import { AppError } from '#contracts/errors.ts'
import type { UserId } from '#contracts/ids.ts'
import { type User, updateUser } from '#db/queries/users.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { refusingTaken } from '../users/taken.ts'

type Acting = { viewer: Viewer; userId: UserId }

export async function updateUserAsAdmin(
  { db, passwords }: Deps,
  { viewer, userId }: Acting,
  { password, pinCode, quotaSizeInBytes, ...fields }: UserAdminUpdateDto,
): Promise<User> {
  // Otherwise the last administrator could be gone.
  if (viewer.id === userId && fields.isAdmin === false) {
    throw new AppError('bad_request', 'Admin status can only be changed by another admin')
  }
  const change = {
    ...fields,
    ...(quotaSizeInBytes !== undefined && { quotaSizeBytes: quotaSizeInBytes }),
    ...(password !== undefined && { passwordHash: await passwords.hash(password) }),
    ...(pinCode !== undefined && { pinCodeHash: pinCode && (await passwords.hash(pinCode)) }),
  }
  const updated = await refusingTaken(
    'Email already in use by another account',
    updateUser(db, { userId, change }),
  )
  if (!updated) throw new AppError('no_access', 'User not found')
  return updated
}
