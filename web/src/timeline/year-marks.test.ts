import { expect, test } from 'vitest'
import { yearMarks } from './year-marks.ts'

const track = { rangePx: 10_000, trackPx: 500, headerPx: 64 }

function months(count: number, apartPx: number) {
  return Array.from({ length: count }, (_, index) => {
    const date = new Date(Date.UTC(2024, 11 - index, 1))
    return { key: date.toISOString().slice(0, 10), topPx: 64 + index * apartPx }
  })
}

test('each year is written once, where it begins', () => {
  const marks = yearMarks(months(30, 330), track)

  expect(marks.filter(({ label }) => label).map(({ label }) => label)).toEqual([
    '2024',
    '2023',
    '2022',
  ])
})

test('labels never touch', () => {
  const marks = yearMarks(months(400, 25), track)

  const labels = marks.filter(({ label }) => label).map(({ share }) => share * track.trackPx)
  const gaps = labels.slice(1).map((at, index) => at - (labels[index] ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(26)
})

test('years that lie close together are still written, as many as find room', () => {
  const marks = yearMarks(months(700, 14), track)

  expect(marks.filter(({ label }) => label).length).toBeGreaterThan(12)
})

test('an empty library has no marks', () => {
  expect(yearMarks([], track)).toEqual([])
})
