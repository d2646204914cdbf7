import type { GridMetrics } from './month-layout.ts'

export type PageMetrics = { grid: GridMetrics; paddingStartPx: number; paddingEndPx: number }

const PHONE_PX = 700
const WIDE_PX = 1700

/** `textScale` is how much larger than usual the person has set text: headings need that much more room. */
export function metricsFor(pageWidthPx: number, textScale: number, order = 'dated'): PageMetrics {
  const metrics = datedMetrics(pageWidthPx, textScale)
  if (order === 'dated') return metrics
  // One list without headings, and without the years beside it.
  const paddingEndPx = metrics.paddingStartPx
  const widthPx = pageWidthPx - metrics.paddingStartPx - paddingEndPx
  const none = { monthHeadingPx: 0, dayHeadingPx: 0, bandGapPx: 0, minDayWidthPx: 0 }
  return { ...metrics, paddingEndPx, grid: { ...metrics.grid, ...none, widthPx } }
}

function datedMetrics(pageWidthPx: number, textScale: number): PageMetrics {
  if (pageWidthPx < PHONE_PX) {
    return {
      paddingStartPx: 0,
      paddingEndPx: 0,
      grid: {
        widthPx: pageWidthPx,
        targetHeightPx: Math.min(150, Math.max(84, pageWidthPx / 3.1)),
        gapPx: 3,
        dayGapPx: 3,
        monthHeadingPx: 54 * textScale,
        dayHeadingPx: 36 * textScale,
        bandGapPx: 10,
        minDayWidthPx: Math.min(pageWidthPx, 96 * textScale),
      },
    }
  }
  const paddingStartPx = pageWidthPx < 1000 ? 16 : 28
  const paddingEndPx = 68
  return {
    paddingStartPx,
    paddingEndPx,
    grid: {
      widthPx: pageWidthPx - paddingStartPx - paddingEndPx,
      targetHeightPx: pageWidthPx < 1000 ? 168 : pageWidthPx < WIDE_PX ? 208 : 244,
      gapPx: 4,
      dayGapPx: 20,
      monthHeadingPx: 72 * textScale,
      dayHeadingPx: 38 * textScale,
      bandGapPx: 18,
      minDayWidthPx: 112 * textScale,
    },
  }
}
