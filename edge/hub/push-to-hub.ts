import type { PushMessage } from '#contracts/events.ts'
import type { EdgeEnv } from '../bindings.ts'

const TIMEOUT_MS = 3000

/** See [Note: Telling what happened]: a Hub that is away costs nothing but the news. */
export async function pushToHub(
  { hub, settings }: Pick<EdgeEnv, 'hub' | 'settings'>,
  events: PushMessage[],
): Promise<void> {
  if (events.length === 0) return
  try {
    const response = await hub.fetch(new URL('/push', settings.HUB_URL).href, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${settings.HUB_SECRET}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ events }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await response.body?.cancel()
  } catch {
    // Whoever listens asks anew when the Hub is back.
  }
}
