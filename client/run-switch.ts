/** Whether work may go on: not paused by the person, online, signed in. */
export function createRunSwitch(isOnline: () => boolean) {
  let isPaused = false
  let isSignedOut = false
  let pauseController = new AbortController()
  let waiters: (() => void)[] = []

  const isRunning = () => !isPaused && !isSignedOut && isOnline()

  const refresh = () => {
    if (!isRunning()) return
    if (pauseController.signal.aborted) pauseController = new AbortController()
    const waiting = waiters
    waiters = []
    for (const resolve of waiting) resolve()
  }

  return {
    isRunning,
    refresh,
    state: () => ({ isPaused, isSignedOut, isOffline: !isOnline() }),
    pauseSignal: () => pauseController.signal,
    pause() {
      isPaused = true
      pauseController.abort(new Error('Paused'))
    },
    signOut() {
      isSignedOut = true
    },
    resume() {
      isPaused = false
      isSignedOut = false
      refresh()
    },
    async whenRunning(signal: AbortSignal): Promise<void> {
      while (!isRunning()) {
        signal.throwIfAborted()
        await new Promise<void>((resolve, reject) => {
          const stop = () => reject(signal.reason)
          signal.addEventListener('abort', stop, { once: true })
          waiters.push(() => {
            signal.removeEventListener('abort', stop)
            resolve()
          })
        })
      }
      signal.throwIfAborted()
    },
  }
}
