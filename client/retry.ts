import { ApiError, NetworkError } from './upload-errors.ts'

export type RetryPolicy = {
  firstDelayMs: number
  maxDelayMs: number
  /** Tries without any progress in between. */
  attempts: number
}

/** About five minutes of an absent server before a file is given up. */
export const DEFAULT_RETRY: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 30_000, attempts: 14 }

/** Full jitter over the upper half: clients that failed together do not come back together. */
export function backoffMs(policy: RetryPolicy, attempt: number): number {
  const ceiling = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** attempt)
  return ceiling / 2 + (Math.random() * ceiling) / 2
}

export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

export function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) return isTransientStatus(error.status)
  return error instanceof NetworkError
}

/** `Retry-After` in seconds or as a date. */
export function retryAfterMs(header: string | null | undefined): number | undefined {
  if (!header) return undefined
  const seconds = Number(header)
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(waitMs) && waitMs >= 0 ? Math.min(waitMs, 300_000) : undefined
}

export function pauseFor(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, delayMs)
    signal.addEventListener('abort', stop, { once: true })
  })
}
