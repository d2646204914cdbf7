/**
 * Dates of assets are wall-clock times of the place where they were taken, kept as if they were UTC: every
 * format here therefore says `timeZone: 'UTC'`, and the zone of the person who looks never moves a photo.
 */
const LANGUAGE = englishOf(globalThis.navigator?.languages ?? [])

/** The page speaks English; the person's own English decides the order of day and month. */
function englishOf(languages: readonly string[]): string {
  return languages.find((language) => language.startsWith('en-')) ?? 'en-GB'
}

function formatter(options: Intl.DateTimeFormatOptions) {
  return new Intl.DateTimeFormat(LANGUAGE, { timeZone: 'UTC', ...options })
}

const month = formatter({ month: 'long', year: 'numeric' })
const shortMonth = formatter({ month: 'short', year: 'numeric' })
const day = formatter({ weekday: 'short', day: 'numeric', month: 'short' })
const dayWithYear = formatter({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
const fullDay = formatter({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
const time = formatter({ hour: 'numeric', minute: '2-digit' })
const moment = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium', timeStyle: 'short' })

export const formatMonth = (monthKey: string) => month.format(new Date(`${monthKey}T00:00:00Z`))
export const formatShortMonth = (monthKey: string) =>
  shortMonth.format(new Date(`${monthKey}T00:00:00Z`))

/** The day as its heading: its weekday, its date, and the year only where it is not this one. */
export function formatDay(dayKey: string, now = new Date()): string {
  const date = new Date(`${dayKey}T00:00:00Z`)
  const today = localDayKey(now)
  if (dayKey === today) return 'Today'
  if (dayKey === localDayKey(new Date(now.getTime() - 86_400_000))) return 'Yesterday'
  return dayKey.slice(0, 4) === today.slice(0, 4) ? day.format(date) : dayWithYear.format(date)
}

export const formatShortDay = (localMs: number) => dayWithYear.format(localMs)
export const formatFullDay = (localMs: number) => fullDay.format(localMs)
export const formatTime = (localMs: number) => time.format(localMs)
/** An instant (of the server), in the zone of the person who looks. */
export const formatInstant = (iso: string) => moment.format(new Date(iso))

export const dayKeyOf = (localMs: number) => new Date(localMs).toISOString().slice(0, 10)
export const monthKeyOf = (localMs: number) => `${new Date(localMs).toISOString().slice(0, 7)}-01`

function localDayKey(date: Date): string {
  return dayKeyOf(date.getTime() - date.getTimezoneOffset() * 60_000)
}

/** +02:00, -09:30, or UTC. */
export function formatOffset(hours: number): string {
  if (hours === 0) return 'UTC'
  const minutes = Math.round(Math.abs(hours) * 60)
  const sign = hours < 0 ? '−' : '+'
  const hh = Math.floor(minutes / 60)
  const mm = String(minutes % 60).padStart(2, '0')
  return `UTC${sign}${hh}${mm === '00' ? '' : `:${mm}`}`
}

const agoFormat = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const AGO_STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['minute', 60],
  ['hour', 3_600],
  ['day', 86_400],
  ['month', 2_592_000],
  ['year', 31_536_000],
]

export function formatAgo(iso: string, now = Date.now()): string {
  const seconds = (now - new Date(iso).getTime()) / 1000
  if (seconds < 60) return 'just now'
  const step = AGO_STEPS.findLast(([, size]) => seconds >= size)
  if (!step) return 'just now'
  return agoFormat.format(-Math.floor(seconds / step[1]), step[0])
}
