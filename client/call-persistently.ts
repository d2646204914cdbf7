import { backoffMs, isTransient, pauseFor, type RetryPolicy } from './retry.ts'
import { ApiError } from './upload-errors.ts'

export type Persistence = {
  retry: RetryPolicy
  /** Resolves when work may go on: not paused, online, signed in. */
  whenRunning: (signal: AbortSignal) => Promise<void>
  onSignedOut: () => void
}

/** Repeats a request until the server has answered it. What is refused for good is thrown. */
export async function callPersistently<Answer>(
  deps: Persistence,
  signal: AbortSignal,
  call: () => Promise<Answer>,
): Promise<Answer> {
  let faults = 0
  while (true) {
    await deps.whenRunning(signal)
    try {
      return await call()
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ApiError && error.status === 401) {
        deps.onSignedOut()
        continue
      }
      faults += 1
      if (!isTransient(error) || faults >= deps.retry.attempts) throw error
      const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined
      await pauseFor(Math.max(backoffMs(deps.retry, faults - 1), retryAfterMs ?? 0), signal)
    }
  }
}
