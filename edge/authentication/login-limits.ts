import ipaddr from 'ipaddr.js'
import { AppError } from '#contracts/errors.ts'
import {
  forgiveLoginAttempts,
  type LoginAttempt,
  type LoginSubject,
  returnLoginAttempt,
  takeLoginAttempt,
} from '#db/queries/login-attempts.ts'
import type { Deps } from '../deps.ts'

const WINDOW_MS = 5 * 60 * 1000
/** Failures within a window. An address may stand for a household or an office. */
const LIMITS = { account: 10, address: 30 }
const KEEP_MS = 24 * 60 * 60 * 1000

/** A subscriber of IPv6 has a whole /64 to come from. */
function networkOf(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined
  const parsed = ipaddr.process(address)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString()
  return parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')
}

function retryAfterSeconds(attempts: LoginAttempt[], now: Date): number | undefined {
  const exceeded = attempts.filter(({ scope, failures }) => failures > LIMITS[scope])
  if (exceeded.length === 0) return undefined
  const ends = exceeded.map(({ windowStartedAt }) => windowStartedAt.getTime() + WINDOW_MS)
  return Math.max(1, Math.ceil((Math.max(...ends) - now.getTime()) / 1000))
}

type Attempt<Result> = {
  account: string
  address: string
  /** Answers undefined when the password or code is wrong. */
  prove: () => Promise<Result | undefined>
}

/** Lets `prove` run while its account and its address have failures left in the window; 429 otherwise. */
export async function withinLoginLimits<Result>(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  { account, address, prove }: Attempt<Result>,
): Promise<Result | undefined> {
  const now = clock()
  const network = networkOf(address)
  const subjects: LoginSubject[] = [
    { scope: 'account', subject: account },
    ...(network ? [{ scope: 'address' as const, subject: network }] : []),
  ]
  const attempts = await takeLoginAttempt(db, { subjects, now, windowMs: WINDOW_MS })
  const waitSeconds = retryAfterSeconds(attempts, now)
  if (waitSeconds !== undefined) {
    throw new AppError('too_many_requests', 'Too many failed attempts, please try again later', {
      retryAfterSeconds: waitSeconds,
    })
  }
  const proven = await prove().catch(async (error) => {
    await returnLoginAttempt(db, subjects)
    throw error
  })
  if (proven === undefined) return undefined
  const endedBefore = new Date(now.getTime() - KEEP_MS)
  await forgiveLoginAttempts(db, { account, address: network, endedBefore })
  return proven
}
