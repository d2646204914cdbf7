/** So many threads compute at the same time, whichever models they hold. Who waits gets a turn in order. */
export type Slots = {
  /** Takes a slot; or answers false, and calls back when one is free: then take it or leave. */
  take(whenFree: () => void): boolean
  leave(whenFree: () => void): void
  release(): void
  isWantedByOthers(than: () => void): boolean
}

export function createSlots(count: number): Slots {
  let free = count
  const waiting = new Set<() => void>()
  const callWaiting = () => {
    for (const whenFree of [...waiting].slice(0, free)) queueMicrotask(whenFree)
  }
  const isBehindOthers = (whenFree: () => void) => {
    const turn = [...waiting].indexOf(whenFree)
    return (turn === -1 ? waiting.size : turn) >= free
  }
  return {
    take(whenFree) {
      if (isBehindOthers(whenFree)) {
        waiting.add(whenFree)
        return false
      }
      waiting.delete(whenFree)
      free -= 1
      return true
    },
    leave(whenFree) {
      if (waiting.delete(whenFree)) callWaiting()
    },
    release() {
      free += 1
      callWaiting()
    },
    isWantedByOthers: (than) => [...waiting].some((each) => each !== than),
  }
}
