/** Refuses work instead of letting it pile up. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
}

type Options = { concurrency: number; maxWaiting: number }

/** Runs at most `concurrency` at once, in order, and lets at most `maxWaiting` wait. */
export function boundedQueue({ concurrency, maxWaiting }: Options) {
  const waiting: (() => void)[] = []
  let running = 0

  const leave = () => {
    running -= 1
    waiting.shift()?.()
  }

  async function enter(signal: AbortSignal) {
    signal.throwIfAborted()
    if (running < concurrency) {
      running += 1
      return
    }
    if (waiting.length >= maxWaiting) throw new QueueFullError('too much work is waiting')
    await new Promise<void>((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', giveUp)
        running += 1
        resolve()
      }
      const giveUp = () => {
        waiting.splice(waiting.indexOf(start), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      waiting.push(start)
    })
  }

  return {
    /** A caller that goes away while it waits gives up its place. */
    async run<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
      await enter(signal)
      try {
        return await work()
      } finally {
        leave()
      }
    },
    waiting: () => waiting.length,
    running: () => running,
  }
}
