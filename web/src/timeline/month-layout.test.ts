import { expect, test } from 'vitest'
import { estimateMonthHeight, type GridMetrics, layOutMonth } from './month-layout.ts'

const metrics: GridMetrics = {
  widthPx: 1200,
  targetHeightPx: 200,
  gapPx: 4,
  dayGapPx: 20,
  monthHeadingPx: 60,
  dayHeadingPx: 32,
  bandGapPx: 16,
  minDayWidthPx: 100,
}

function daysOf(...counts: number[]) {
  let from = 0
  return counts.map((count, index) => {
    const day = { key: `2024-06-${30 - index}`, from, to: from + count }
    from += count
    return day
  })
}

test('days with few items stand side by side', () => {
  const layout = layOutMonth([1.5, 1.5, 0.75], daysOf(1, 1, 1), metrics)

  expect(layout.headings.map(({ y }) => y)).toEqual([60, 60, 60])
  expect(layout.tiles.map(({ x }) => Math.round(x))).toEqual([0, 320, 640])
  expect(layout.rows).toHaveLength(1)
})

test('a band that nearly fills the width is stretched to fill it', () => {
  const layout = layOutMonth([1.5, 1.5, 1.5], daysOf(1, 2), metrics)

  const last = layout.tiles.at(-1)
  expect(Math.round((last?.x ?? 0) + (last?.width ?? 0))).toBe(1200)
})

test('a band with much room left keeps the usual height', () => {
  const layout = layOutMonth([1.5], daysOf(1), metrics)

  expect(layout.tiles[0]).toEqual({ x: 0, y: 92, width: 300, height: 200 })
})

test('a day with many items has its own rows', () => {
  const ratios = Array.from({ length: 20 }, () => 1.5)

  const layout = layOutMonth(ratios, daysOf(20), metrics)

  expect(layout.headings).toHaveLength(1)
  expect(layout.rows.length).toBeGreaterThan(3)
  expect(layout.tiles).toHaveLength(20)
})

test('no two tiles overlap and none leaves the page', () => {
  const ratios = Array.from({ length: 60 }, (_, index) => [0.5, 1, 1.5, 4][index % 4] ?? 1)

  const { tiles, heightPx } = layOutMonth(ratios, daysOf(1, 2, 30, 1, 1, 1, 5, 19), metrics)

  const overlaps = tiles.flatMap((a, i) =>
    tiles
      .slice(i + 1)
      .filter(
        (b) =>
          a.x < b.x + b.width - 0.01 &&
          b.x < a.x + a.width - 0.01 &&
          a.y < b.y + b.height - 0.01 &&
          b.y < a.y + a.height - 0.01,
      ),
  )
  expect(overlaps).toEqual([])
  expect(Math.max(...tiles.map((tile) => tile.x + tile.width))).toBeLessThan(1200.5)
  expect(Math.max(...tiles.map((tile) => tile.y + tile.height))).toBeLessThan(heightPx)
})

test('a narrow picture leaves its heading room to be read', () => {
  const layout = layOutMonth([0.45, 0.45], daysOf(1, 1), { ...metrics, targetHeightPx: 120 })

  expect(layout.headings.map(({ widthPx }) => widthPx)).toEqual([100, 1080])
})

test('the estimate of a month is in the region of its true height', () => {
  const ratios = Array.from({ length: 210 }, (_, index) => [1.5, 0.75][index % 2] ?? 1)
  const days = daysOf(...Array.from({ length: 28 }, () => 7), 14)

  const trueHeightPx = layOutMonth(ratios, days, metrics).heightPx
  const estimatePx = estimateMonthHeight(210, metrics)

  expect(estimatePx / trueHeightPx).toBeGreaterThan(0.6)
  expect(estimatePx / trueHeightPx).toBeLessThan(1.6)
})
