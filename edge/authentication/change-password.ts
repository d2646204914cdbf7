import type { ChangePasswordDto } from '#contracts/api/authentication.ts'
import { AppError } from '#contracts/errors.ts'
import { endSessions } from '#contracts/events.ts'
import { findUser, type User, updateUser } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'
import { withinLoginLimits } from './login-limits.ts'
import type { Viewer } from './viewer.ts'

export async function changePassword(
  deps: Deps,
  { viewer, address }: { viewer: Viewer; address: string },
  { password, newPassword, invalidateSessions }: ChangePasswordDto,
): Promise<User> {
  const { db, passwords, push } = deps
  const isRight = await withinLoginLimits(deps, {
    account: viewer.email,
    address,
    prove: async () => {
      const { passwordHash } = (await findUser(db, viewer.id)) ?? {}
      if (!passwordHash) return undefined
      return (await passwords.verify(password, passwordHash)).valid || undefined
    },
  })
  if (!isRight) throw new AppError('bad_request', 'Wrong password')
  const except = viewer.proof.kind === 'session' ? viewer.proof.sessionId : undefined
  const updated = await updateUser(db, {
    userId: viewer.id,
    change: { passwordHash: await passwords.hash(newPassword), shouldChangePassword: false },
    ...(invalidateSessions && { endSessions: { except } }),
  })
  if (!updated) throw new AppError('not_authenticated', 'Invalid user token')
  if (invalidateSessions) push([endSessions(viewer.id, except)])
  return updated
}
