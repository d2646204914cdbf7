import type { UploadEntry, UploadSnapshot } from './upload-types.ts'

const PUBLISH_EVERY_MS = 100
const TICK_MS = 1_000

/** Tells listeners what changed, a few times a second whatever happens in between. */
export function createAnnouncer<Source>(take: () => UploadSnapshot<Source>) {
  const listeners = new Set<(snapshot: UploadSnapshot<Source>) => void>()
  const settledListeners = new Set<(entry: UploadEntry<Source>) => void>()
  let snapshot: UploadSnapshot<Source> | undefined
  let publishTimer: ReturnType<typeof setTimeout> | undefined
  let tickTimer: ReturnType<typeof setTimeout> | undefined

  const current = () => {
    snapshot ??= take()
    return snapshot
  }
  const changed = () => {
    snapshot = undefined
    if (publishTimer !== undefined || listeners.size === 0) return
    publishTimer = setTimeout(publish, PUBLISH_EVERY_MS)
  }
  const publish = () => {
    publishTimer = undefined
    snapshot = undefined
    const { isActive, isPaused } = current()
    for (const listener of listeners) listener(current())
    // Speed and time left change while nothing else does.
    clearTimeout(tickTimer)
    if (isActive && !isPaused) tickTimer = setTimeout(changed, TICK_MS)
  }

  return {
    current,
    changed,
    subscribe(listener: (snapshot: UploadSnapshot<Source>) => void) {
      listeners.add(listener)
      listener(current())
      return () => {
        listeners.delete(listener)
      }
    },
    onSettled(listener: (entry: UploadEntry<Source>) => void) {
      settledListeners.add(listener)
      return () => {
        settledListeners.delete(listener)
      }
    },
    settled(entry: UploadEntry<Source>) {
      for (const listener of settledListeners) listener(entry)
    },
    close() {
      clearTimeout(publishTimer)
      clearTimeout(tickTimer)
      listeners.clear()
    },
  }
}
