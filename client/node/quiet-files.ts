import type { Facts } from './settled-files.ts'

export type Look = Facts & { changedAtMs: number }
type Waiting = { path: Buffer; look: Look; lookedAtMs: number }

/** Whoever writes so slowly is not waited for. */
const LONG_AGO_MS = 10 * 60_000
/** Files that grow at the same time, more than which are left to the next scan. */
const MAX_WAITING = 5_000

/** Files that may still be growing: each is looked at again until two looks in a row find the same. */
export function createQuietFiles(
  quietMs: number,
  /** Another machine's clock may be an hour behind, and its file still be growing. */
  { isOurClock }: { isOurClock: boolean },
) {
  const waiting = new Map<string, Waiting>()

  return {
    get isFull() {
      return waiting.size >= MAX_WAITING
    },
    get count() {
      return waiting.size
    },
    /** Whether nothing has written to it for long enough. If not, it waits here. */
    isQuiet(key: string, path: Buffer, look: Look): boolean {
      const nowMs = Date.now()
      const before = waiting.get(key)
      const isSame =
        before?.look.sizeBytes === look.sizeBytes &&
        before.look.modifiedAtMs === look.modifiedAtMs &&
        before.look.changedAtMs === look.changedAtMs
      const isLongAgo = isOurClock && !before && nowMs - look.changedAtMs > LONG_AGO_MS
      if (isLongAgo || (isSame && nowMs - before.lookedAtMs >= quietMs)) {
        waiting.delete(key)
        return true
      }
      if (!isSame) waiting.set(key, { path, look, lookedAtMs: nowMs })
      return false
    },
    forget(key: string) {
      waiting.delete(key)
    },
    due(): Buffer[] {
      const nowMs = Date.now()
      return [...waiting.values()]
        .filter(({ lookedAtMs }) => nowMs - lookedAtMs >= quietMs)
        .map(({ path }) => path)
    },
  }
}
