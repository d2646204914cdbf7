import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from './log.ts'

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** Postgres that starts, stops, has no connection left, or lost the one that it had. */
const POSTGRES_CODES = /^(08...|57P0[123]|53300)$/
const STORE_CODES = new Set([
  'ServiceUnavailable',
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'XMinioServerNotInitialized',
])
const MESSAGES =
  /^(Connection terminated|Connection is closed|timeout exceeded when trying to connect)/

/** Waiting in place is cheap and keeps the order; a store that stays away longer gets the job back later. */
const WAIT_IN_PLACE_MS = 60_000
const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 8000

/** A store stayed away for as long as a job waits for it in its slot. */
export class OutageError extends Error {
  override readonly name = 'OutageError'
}

/** Whether a store could not be reached, which says nothing about the job that wanted it. */
export function isOutage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AggregateError && cause.errors.some(isOutage)) return true
    const { code } = cause as { code?: unknown }
    if (typeof code === 'string' && isOutageCode(code)) return true
    if (MESSAGES.test(cause.message)) return true
  }
  return false
}

function isOutageCode(code: string): boolean {
  return NETWORK_CODES.has(code) || POSTGRES_CODES.test(code) || STORE_CODES.has(code)
}

type Options = { log: Log; signal?: AbortSignal | undefined; waitInPlaceMs?: number }

/** Repeats what a store's outage broke, until the store is back or `OutageError`. Other errors pass. */
export async function throughOutages<T>(
  work: () => Promise<T>,
  { log, signal, waitInPlaceMs = WAIT_IN_PLACE_MS }: Options,
): Promise<T> {
  const until = Date.now() + waitInPlaceMs
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      return await work()
    } catch (error) {
      if (!isOutage(error) || signal?.aborted) throw error
      if (Date.now() + waitMs > until)
        throw new OutageError('a store stayed unreachable', { cause: error })
      log.warn({ err: error, waitMs }, 'a store is not reachable, trying again')
      await delay(waitMs, undefined, { signal })
    }
  }
}
