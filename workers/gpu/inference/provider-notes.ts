import type { Log } from '#workers/runtime/log.ts'
import type { Refusal } from './messages.ts'

const UNTRIED = 'untried'
/** Native errors come with pages of paths. */
const MOST_REASON_LETTERS = 300

/** Remembers what models run on, and tells each reason against a provider once. */
export function createProviderNotes(log: Pick<Log, 'info' | 'warn'>) {
  const told = new Set<string>()
  let chosen: string | undefined
  return {
    take(provider: string | undefined, refusals: Refusal[]) {
      for (const refusal of refusals) {
        const reason = refusal.reason.slice(0, MOST_REASON_LETTERS)
        const key = `${refusal.provider} ${reason}`
        if (told.has(key)) continue
        told.add(key)
        log.warn({ provider: refusal.provider, reason }, 'this provider takes no models here')
      }
      if (!provider || provider === chosen) return
      chosen = provider
      log.info({ provider }, 'models run on this provider')
    },
    chosen: () => chosen ?? UNTRIED,
  }
}
