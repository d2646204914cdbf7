import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import { z } from 'zod'

/** Of argon2id. A hash made with less is made anew at the next login. */
export type PasswordCost = { memoryCost: number; timeCost: number; parallelism: number }

/** OWASP's choice. */
export const PASSWORD_COST: PasswordCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

const BCRYPT = /^\$2[abxy]\$/
const ARGON2 = /^\$argon2(?:id|i|d)\$/

const password = z.string().min(1).max(1024)
export const HashRequest = z.object({ password })
export const VerifyRequest = z.object({ password, hash: z.string().min(1).max(512) })

/** argon2id in PHC form. Runs on a thread of libuv's pool, not on the event loop; the other function too. */
export async function hashPassword({ password }: z.infer<typeof HashRequest>, cost: PasswordCost) {
  // The library's default algorithm is argon2id.
  return { hash: await argon2.hash(password, cost) }
}

/** Knows argon2 and, for people who moved over, bcrypt. Whatever else is stored fits no password. */
export async function verifyPassword(
  { password, hash }: z.infer<typeof VerifyRequest>,
  cost: PasswordCost,
) {
  const valid = await isValid(password, hash)
  return { valid, needsRehash: valid && isDated(hash, cost) }
}

async function isValid(password: string, hash: string): Promise<boolean> {
  try {
    if (BCRYPT.test(hash)) return await bcrypt.verify(password, hash)
    return ARGON2.test(hash) && (await argon2.verify(hash, password))
  } catch {
    return false
  }
}

function isDated(hash: string, cost: PasswordCost): boolean {
  if (!hash.startsWith('$argon2id$')) return true
  const used = argon2.parseOptions(hash)
  return used.memoryCost < cost.memoryCost || used.timeCost < cost.timeCost
}
