import { timingSafeEqual } from 'node:crypto'
import type { SignUpDto } from '#contracts/api/authentication.ts'
import { AppError } from '#contracts/errors.ts'
import type { UserId } from '#contracts/ids.ts'
import { hasAdmin, insertFirstAdmin, type User } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'
import { withinLoginLimits } from './login-limits.ts'
import { tokenHashOf } from './tokens.ts'

type From = { address: string; signupCode: string | undefined }

/** Immich's label for the first administrator's originals. */
const STORAGE_LABEL = 'admin'

/** The first sign-up makes the administrator; there is no second one. */
export async function signUpAdmin(deps: Deps, from: From, signUp: SignUpDto): Promise<User> {
  const { db, passwords, newId } = deps
  if (await hasAdmin(db)) throw alreadyThere()
  await requireSignupCode(deps, from)
  const { email, name } = signUp
  const passwordHash = await passwords.hash(signUp.password)
  const id = newId<UserId>()
  const storageLabel = STORAGE_LABEL
  const admin = await insertFirstAdmin(db, { id, email, name, passwordHash, storageLabel })
  if (!admin) throw alreadyThere()
  return admin
}

const alreadyThere = () => new AppError('bad_request', 'The server already has an admin')

async function requireSignupCode(deps: Deps, { address, signupCode }: From): Promise<void> {
  const expected = deps.settings.SIGNUP_CODE
  if (!expected) return
  if (!signupCode) throw new AppError('forbidden', 'Sign-up needs the code that the terminal shows')
  const isRight = await withinLoginLimits(deps, {
    account: 'first sign-up',
    address,
    prove: async () => ((await isSame(signupCode.trim(), expected)) ? true : undefined),
  })
  if (!isRight) throw new AppError('forbidden', 'The sign-up code is wrong')
}

/** Hashes are equally long, so the comparison tells nothing by its time. */
async function isSame(given: string, expected: string): Promise<boolean> {
  return timingSafeEqual(await tokenHashOf(given), await tokenHashOf(expected))
}
