const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const
const STEP = 1024

/** As people read sizes: three digits at most, then the unit. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  // 999.5 would be rounded to 1,000, which has a digit too many.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= STEP
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${trimZeros(value.toFixed(unit === 0 ? 0 : digits))} ${UNITS[unit]}`
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

export function formatCount(count: number): string {
  return count.toLocaleString('en')
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** Rounded as people say it: nobody waits "73 seconds". */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 5) return 'almost done'
  if (seconds < 55) return `${Math.round(seconds / 5) * 5} s left`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${Math.max(1, minutes)} min left`
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  if (hours >= 10 || rest === 0) return `${Math.round(minutes / 60)} h left`
  return `${hours} h ${rest} min left`
}

/** 0:07, 12:05, 1:02:03. */
export function formatDuration(durationMs: number): string {
  const total = Math.round(durationMs / 1000)
  const seconds = String(total % 60).padStart(2, '0')
  const minutes = Math.floor(total / 60) % 60
  const hours = Math.floor(total / 3600)
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`
    : `${minutes}:${seconds}`
}
