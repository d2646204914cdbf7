import type { LoginCredentialDto, LoginResponseDto } from '#contracts/api/authentication.ts'
import { AppError } from '#contracts/errors.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import { findUserMetadata } from '#db/queries/user-metadata.ts'
import { findUserByEmail, type User, upgradePasswordHash } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'
import type { Device } from './device.ts'
import { withinLoginLimits } from './login-limits.ts'
import { openSession } from './open-session.ts'

type From = { address: string; device: Device }

export async function logIn(
  deps: Deps,
  { address, device }: From,
  credentials: LoginCredentialDto,
): Promise<LoginResponseDto> {
  const { passwordLogin } = await readSystemConfig(deps.db)
  if (!passwordLogin.enabled) {
    throw new AppError('wrong_credentials', 'Password login has been disabled')
  }
  const user = await withinLoginLimits(deps, {
    account: credentials.email,
    address,
    prove: () => userOf(deps, credentials),
  })
  if (!user) throw new AppError('wrong_credentials', 'Incorrect email or password')
  const { token } = await openSession(deps, { userId: user.id, ...device })
  return {
    accessToken: token,
    userId: user.id,
    userEmail: user.email,
    name: user.name,
    profileImagePath: user.profileImageKey ?? '',
    isAdmin: user.isAdmin,
    shouldChangePassword: user.shouldChangePassword,
    isOnboarded: await isOnboarded(deps, user),
  }
}

async function userOf(
  { db, passwords }: Deps,
  { email, password }: LoginCredentialDto,
): Promise<User | undefined> {
  const user = await findUserByEmail(db, email)
  if (!user?.passwordHash) {
    // As much work as a verification, so that the time does not tell which accounts exist.
    await passwords.hash(password)
    return undefined
  }
  const { valid, needsRehash } = await passwords.verify(password, user.passwordHash)
  if (!valid) return undefined
  if (needsRehash) {
    const to = await passwords.hash(password)
    await upgradePasswordHash(db, { userId: user.id, from: user.passwordHash, to })
  }
  return user
}

async function isOnboarded({ db }: Deps, user: User): Promise<boolean> {
  const onboarding = await findUserMetadata(db, { viewerId: user.id, key: 'onboarding' })
  return onboarding?.isOnboarded === true
}
