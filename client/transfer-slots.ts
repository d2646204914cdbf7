const SUCCESSES_PER_STEP = 8
/** A line that broke will break again: each request on its way then is lost in part, so that few are. */
const SUCCESSES_AFTER_TROUBLE = 80

type Waiter = { priority: number; order: number; grant: () => void }

/**
 * How many requests carry bytes at the same time, over all files. Waiters with the lowest priority number go
 * first, so that a small photo passes the parts of a film. The limit falls when the way is troubled and climbs
 * back while all goes well.
 */
export function createTransferSlots({ start, max }: { start: number; max: number }) {
  let limit = start
  let inUse = 0
  let successes = 0
  let successesWanted = SUCCESSES_PER_STEP
  let order = 0
  const waiters: Waiter[] = []

  const grantNext = () => {
    while (inUse < Math.floor(limit) && waiters.length > 0) {
      let best = 0
      for (const [index, waiter] of waiters.entries()) {
        const other = waiters[best]
        if (other && before(waiter, other)) best = index
      }
      const [waiter] = waiters.splice(best, 1)
      inUse += 1
      waiter?.grant()
    }
  }

  const release = () => {
    inUse -= 1
    grantNext()
  }

  return {
    acquire(priority: number, signal: AbortSignal): Promise<{ release: () => void }> {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const leave = () => {
          const index = waiters.indexOf(waiter)
          if (index >= 0) waiters.splice(index, 1)
          reject(signal.reason)
        }
        const waiter: Waiter = {
          priority,
          order: order++,
          grant: () => {
            signal.removeEventListener('abort', leave)
            resolve({ release })
          },
        }
        signal.addEventListener('abort', leave, { once: true })
        waiters.push(waiter)
        grantNext()
      })
    },
    succeeded() {
      successes += 1
      if (successes < successesWanted) return
      successes = 0
      successesWanted = SUCCESSES_PER_STEP
      limit = Math.min(max, limit + 1)
      grantNext()
    },
    troubled() {
      successes = 0
      successesWanted = SUCCESSES_AFTER_TROUBLE
      limit = Math.max(1, limit / 2)
    },
    get limit() {
      return Math.floor(limit)
    },
    get hasRoom() {
      return inUse + waiters.length < Math.floor(limit)
    },
  }
}

export type TransferSlots = ReturnType<typeof createTransferSlots>

function before(one: Waiter, other: Waiter): boolean {
  return one.priority === other.priority ? one.order < other.order : one.priority < other.priority
}
