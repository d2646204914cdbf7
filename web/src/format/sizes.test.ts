import { expect, test } from 'vitest'
import { formatBytes, formatDuration, formatTimeLeft, plural } from './sizes.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '0.98 KB'],
  [1536, '1.5 KB'],
  [2_913_134, '2.78 MB'],
  [52_428_800, '50 MB'],
  [1_073_741_824, '1 GB'],
  [5_497_558_138_880, '5 TB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [7_000, '0:07'],
  [725_400, '12:05'],
  [3_723_000, '1:02:03'],
])('%d ms of video read as %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})

test.each([
  [2, 'almost done'],
  [33, '35 s left'],
  [58, '1 min left'],
  [400, '7 min left'],
  [5_400, '1 h 30 min left'],
  [7_200, '2 h left'],
])('%d seconds read as "%s"', (seconds, text) => {
  expect(formatTimeLeft(seconds)).toBe(text)
})

test('one thing is not plural, thousands are grouped', () => {
  expect([plural(1, 'photo'), plural(12_345, 'photo')]).toEqual(['1 photo', '12,345 photos'])
})
