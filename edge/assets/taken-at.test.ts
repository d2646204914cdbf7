import { expect, test } from 'vitest'
import { takenAtOf } from './taken-at.ts'

test.each([
  [
    '2024-05-01T12:00:00.000+02:00',
    '2024-05-01T10:00:00.000Z',
    '2024-05-01T12:00:00.000Z',
    'UTC+2',
  ],
  ['2024-01-01T00:30:00-09:45', '2024-01-01T10:15:00.000Z', '2024-01-01T00:30:00.000Z', 'UTC-9:45'],
  ['2024-05-01T12:00:00Z', '2024-05-01T12:00:00.000Z', '2024-05-01T12:00:00.000Z', 'UTC'],
  ['2024-05-01T12:00:00', '2024-05-01T12:00:00.000Z', '2024-05-01T12:00:00.000Z', null],
])('%s', (text, instant, local, timeZone) => {
  const takenAt = takenAtOf(text)

  expect(takenAt.instant.toISOString()).toBe(instant)
  expect(takenAt.local.toISOString()).toBe(local)
  expect(takenAt.timeZone).toBe(timeZone)
})
