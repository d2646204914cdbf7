const WINDOW_MS = 8_000
const MIN_WINDOW_MS = 1_000

/** Bytes per second over the last seconds: smooth enough to read, quick enough to believe. */
export function createSpeedMeter(now: () => number = Date.now) {
  let samples: { atMs: number; bytes: number }[] = []
  let startedAtMs: number | undefined

  const dropOld = () => {
    const oldestMs = now() - WINDOW_MS
    const firstKept = samples.findIndex((sample) => sample.atMs >= oldestMs)
    samples = firstKept < 0 ? [] : samples.slice(firstKept)
  }

  return {
    add(bytes: number) {
      const atMs = now()
      startedAtMs ??= atMs
      const last = samples.at(-1)
      if (last && atMs - last.atMs < 100) last.bytes += bytes
      else samples.push({ atMs, bytes })
    },
    bytesPerSecond(): number {
      dropOld()
      if (startedAtMs === undefined || samples.length === 0) return 0
      const elapsedMs = Math.min(WINDOW_MS, Math.max(MIN_WINDOW_MS, now() - startedAtMs))
      return (samples.reduce((sum, sample) => sum + sample.bytes, 0) / elapsedMs) * 1000
    },
    /** Idle time must not count as slowness. */
    reset() {
      samples = []
      startedAtMs = undefined
    },
  }
}
