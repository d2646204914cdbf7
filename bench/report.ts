/** `  what it is          1.23   (target ≥ 0.9: reached)` */
export function reportLine(what: string, value: string, verdict = '') {
  console.log(`  ${what.padEnd(70)} ${value.padStart(10)}${verdict && `   ${verdict}`}`)
}

type Target = { atLeast: number } | { atMost: number }

/** A figure with its target. A target that is missed makes the bench fail. */
export function reportTarget(what: string, value: number, target: Target & { unit?: string }) {
  const [word, limit] = 'atLeast' in target ? ['≥', target.atLeast] : ['≤', target.atMost]
  const isReached = 'atLeast' in target ? value >= target.atLeast : value <= target.atMost
  const unit = target.unit ? ` ${target.unit}` : ''
  if (!isReached) process.exitCode = 1
  const verdict = `target ${word} ${limit}${unit}: ${isReached ? 'reached' : 'MISSED'}`
  reportLine(what, `${format(value)}${unit}`, verdict)
}

export function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3)
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
