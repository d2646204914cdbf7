import type { UserUpdateMeDto } from '#contracts/api/users.ts'
import { AppError } from '#contracts/errors.ts'
import type { UserId } from '#contracts/ids.ts'
import { type User, updateUser } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'
import { refusingTaken } from './taken.ts'

export async function updateMe(
  { db, passwords }: Deps,
  viewerId: UserId,
  { password, ...change }: UserUpdateMeDto,
): Promise<User> {
  const newPassword = password
    ? { passwordHash: await passwords.hash(password), shouldChangePassword: false }
    : {}
  const updated = await refusingTaken(
    'Email already in use by another account',
    updateUser(db, { userId: viewerId, change: { ...change, ...newPassword } }),
  )
  if (!updated) throw new AppError('not_authenticated', 'Invalid user token')
  return updated
}
