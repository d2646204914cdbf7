import { expect, test } from 'vitest'
import { dayKeyOf, formatAgo, formatDay, formatMonth, formatOffset, monthKeyOf } from './dates.ts'

const now = new Date('2026-11-21T12:00:00Z')

test('a day of another year shows its year, one of this year does not', () => {
  expect(formatDay('2019-06-05', now)).toContain('2019')
  expect(formatDay('2026-06-05', now)).not.toContain('2026')
})

test('today and yesterday are called so', () => {
  const local = (time: number) => dayKeyOf(time - now.getTimezoneOffset() * 60_000)

  expect(formatDay(local(now.getTime()), now)).toBe('Today')
  expect(formatDay(local(now.getTime() - 86_400_000), now)).toBe('Yesterday')
})

test('a month is named in full', () => {
  expect(formatMonth('2023-06-01')).toBe('June 2023')
})

test('a photo stays in the month of its own clock', () => {
  const newYearsEve = Date.parse('2022-12-31T23:59:00Z')

  expect([dayKeyOf(newYearsEve), monthKeyOf(newYearsEve)]).toEqual(['2022-12-31', '2022-12-01'])
})

test.each([
  [0, 'UTC'],
  [2, 'UTC+2'],
  [-9.5, 'UTC−9:30'],
  [5.75, 'UTC+5:45'],
])('an offset of %d hours reads as %s', (hours, text) => {
  expect(formatOffset(hours)).toBe(text)
})

test.each([
  ['2026-11-21T11:59:30Z', 'just now'],
  ['2026-11-21T11:15:00Z', '45 minutes ago'],
  ['2026-11-20T11:00:00Z', 'yesterday'],
  ['2024-11-01T00:00:00Z', '2 years ago'],
])('%s was %s', (iso, text) => {
  expect(formatAgo(iso, now.getTime())).toBe(text)
})
