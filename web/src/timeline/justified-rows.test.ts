import { expect, test } from 'vitest'
import { justifyRows, shownRatio } from './justified-rows.ts'

const shape = { widthPx: 1200, targetHeightPx: 220, gapPx: 4 }

function widthOf(ratios: number[], row: { from: number; to: number; heightPx: number }) {
  const shown = ratios.slice(row.from, row.to).map(shownRatio)
  const sum = shown.reduce((total, ratio) => total + ratio, 0)
  return sum * row.heightPx + shape.gapPx * (shown.length - 1)
}

/** The same pictures each time: a small linear congruential generator. */
function manyRatios(count: number) {
  let seed = 7
  return Array.from({ length: count }, () => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return [1.5, 1.333, 0.75, 0.667, 1.778, 1][seed % 6] ?? 1
  })
}

test('every row but the last fills the width', () => {
  const ratios = manyRatios(97)

  const rows = justifyRows(ratios, shape)

  const widths = rows.slice(0, -1).map((row) => Math.round(widthOf(ratios, row)))
  expect(new Set(widths)).toEqual(new Set([1200]))
})

test('each item stands in exactly one row, in order', () => {
  const rows = justifyRows(manyRatios(500), shape)

  expect(rows.flatMap((row) => [row.from, row.to])).toEqual(
    [0, ...rows.slice(0, -1).flatMap((row) => [row.to, row.to]), 500].slice(0, rows.length * 2),
  )
})

test('heights stay near the target', () => {
  const rows = justifyRows(manyRatios(400), shape)

  const heights = rows.map((row) => row.heightPx)
  expect(Math.max(...heights)).toBeLessThan(220 * 1.35)
  expect(Math.min(...heights)).toBeGreaterThan(220 * 0.7)
})

test('a lone picture is not blown up to the full width', () => {
  expect(justifyRows([1.5], shape)).toEqual([{ from: 0, to: 1, heightPx: 220 }])
})

test('a panorama is cropped instead of becoming a thread', () => {
  const [row] = justifyRows([12], { ...shape, widthPx: 390 })

  expect(row?.heightPx).toBeGreaterThan(110)
})

test.each([0, Number.NaN, -1])('a ratio of %s counts as square', (ratio) => {
  expect(shownRatio(ratio)).toBe(1)
})

test('no items make no rows', () => {
  expect(justifyRows([], shape)).toEqual([])
})

test('a thousand items are laid out within one frame', () => {
  const ratios = manyRatios(1000)
  justifyRows(ratios, shape)

  const startedAt = performance.now()
  justifyRows(ratios, shape)

  expect(performance.now() - startedAt).toBeLessThan(16)
})
