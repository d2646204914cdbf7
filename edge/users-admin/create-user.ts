import type { UserAdminCreateDto } from '#contracts/api/users-admin.ts'
import type { UserId } from '#contracts/ids.ts'
import { insertUser, type User } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'
import { refusingTaken } from '../users/taken.ts'

export async function createUser(
  { db, newId, passwords }: Deps,
  { password, pinCode, quotaSizeInBytes, notify: _, ...fields }: UserAdminCreateDto,
): Promise<User> {
  const user = {
    ...fields,
    id: newId<UserId>(),
    quotaSizeBytes: quotaSizeInBytes,
    passwordHash: await passwords.hash(password),
    pinCodeHash: pinCode ? await passwords.hash(pinCode) : null,
  }
  return await refusingTaken('User exists', insertUser(db, user))
}
