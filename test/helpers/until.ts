import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 20

/** Waits for a condition, with a limit. A failing look counts as not yet, and is told when the time is up. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  { timeoutMs = 30_000 }: { timeoutMs?: number } = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  let failure: unknown
  while (Date.now() < deadline) {
    try {
      if (await condition()) return
      failure = undefined
    } catch (error) {
      failure = error
    }
    await sleep(INTERVAL_MS)
  }
  throw new Error(`not so within ${timeoutMs} ms`, { cause: failure })
}
