import { type JustifiedRow, justifyRows, shownRatio } from './justified-rows.ts'

export type GridMetrics = {
  widthPx: number
  targetHeightPx: number
  gapPx: number
  /** Between two days that share a band. */
  dayGapPx: number
  monthHeadingPx: number
  dayHeadingPx: number
  /** Below each band, before the next day heading. */
  bandGapPx: number
  /** A day beside others is at least this wide, so that its heading can be read. */
  minDayWidthPx: number
}

/** The items of one day, `from` to `to` (exclusive) in the month's order. */
export type DayRange = { key: string; from: number; to: number }

export type Rect = { x: number; y: number; width: number; height: number }

export type DayHeading = { key: string; day: number; x: number; y: number; widthPx: number }

/** One line of tiles across the whole width, perhaps of several days. */
export type TileRow = { y: number; heightPx: number; from: number; to: number }

export type MonthLayout = {
  heightPx: number
  headings: DayHeading[]
  rows: TileRow[]
  tiles: Rect[]
}

/** A band of small days is stretched to the full width up to this share of the target height. */
const HIGHEST_BAND = 1.35
/** A band may be squeezed to this share to take one more day in. */
const LOWEST_BAND = 0.86

/**
 * Days follow one another; small ones share a band, as words share a line, so that months with a photo here
 * and there do not become a ladder of single pictures.
 */
export function layOutMonth(
  ratios: ArrayLike<number>,
  days: DayRange[],
  metrics: GridMetrics,
): MonthLayout {
  const layout: MonthLayout = {
    heightPx: metrics.monthHeadingPx,
    headings: [],
    rows: [],
    tiles: [],
  }
  const widths = days.map((day) => new DayWidth(ratios, day, metrics))
  let next = 0
  while (next < days.length) {
    const end = endOfBand(widths, next, metrics)
    if (end === next) {
      placeLargeDay(layout, ratios, { day: days[next] as DayRange, dayIndex: next }, metrics)
      next++
    } else {
      placeBand(layout, ratios, widths.slice(next, end), { metrics, firstDay: next })
      next = end
    }
  }
  return layout
}

/** How wide one day is when all its tiles stand in one row. */
class DayWidth {
  readonly day: DayRange
  readonly #ratioSum: number
  readonly #gapsPx: number
  readonly #minPx: number

  constructor(ratios: ArrayLike<number>, day: DayRange, metrics: GridMetrics) {
    let ratioSum = 0
    for (let index = day.from; index < day.to; index++) ratioSum += shownRatio(ratios[index] ?? 1)
    this.day = day
    this.#ratioSum = ratioSum
    this.#gapsPx = (day.to - day.from - 1) * metrics.gapPx
    this.#minPx = metrics.minDayWidthPx
  }

  at(heightPx: number) {
    return Math.max(this.#minPx, this.#ratioSum * heightPx + this.#gapsPx)
  }
}

function bandWidth(widths: DayWidth[], heightPx: number, dayGapPx: number): number {
  return widths.reduce((sum, day) => sum + day.at(heightPx), (widths.length - 1) * dayGapPx)
}

/** The first day after the band that begins at `first`; `first` itself when that day needs rows of its own. */
function endOfBand(widths: DayWidth[], first: number, metrics: GridMetrics): number {
  const lowestPx = metrics.targetHeightPx * LOWEST_BAND
  let end = first
  while (
    end < widths.length &&
    bandWidth(widths.slice(first, end + 1), lowestPx, metrics.dayGapPx) <= metrics.widthPx
  ) {
    end++
  }
  return end
}

function placeBand(
  layout: MonthLayout,
  ratios: ArrayLike<number>,
  widths: DayWidth[],
  { metrics, firstDay }: { metrics: GridMetrics; firstDay: number },
) {
  const heightPx = bandHeight(widths, metrics)
  const headingY = layout.heightPx
  const y = headingY + metrics.dayHeadingPx
  let x = 0
  for (const [offset, width] of widths.entries()) {
    const { day } = width
    const widthPx = width.at(heightPx)
    // The last heading may be wider than its tiles: nothing stands beside it.
    const roomPx = offset === widths.length - 1 ? metrics.widthPx - x : widthPx
    layout.headings.push({
      key: day.key,
      day: firstDay + offset,
      x,
      y: headingY,
      widthPx: Math.max(widthPx, roomPx),
    })
    placeRow(layout, ratios, { from: day.from, to: day.to, heightPx }, { x, y, metrics })
    x += widthPx + metrics.dayGapPx
  }
  const from = widths[0]?.day.from ?? 0
  layout.rows.push({ y, heightPx, from, to: widths.at(-1)?.day.to ?? from })
  layout.heightPx = y + heightPx + metrics.bandGapPx
}

/** The height at which the band is as wide as the page, or the target height when that would be too high. */
function bandHeight(widths: DayWidth[], { targetHeightPx, widthPx, dayGapPx }: GridMetrics) {
  let low = targetHeightPx * LOWEST_BAND
  let high = targetHeightPx * HIGHEST_BAND
  if (bandWidth(widths, high, dayGapPx) < widthPx) return targetHeightPx
  for (let step = 0; step < 20; step++) {
    const middle = (low + high) / 2
    if (bandWidth(widths, middle, dayGapPx) > widthPx) high = middle
    else low = middle
  }
  return low
}

function placeLargeDay(
  layout: MonthLayout,
  ratios: ArrayLike<number>,
  { day, dayIndex }: { day: DayRange; dayIndex: number },
  metrics: GridMetrics,
) {
  const y = layout.heightPx
  layout.headings.push({ key: day.key, day: dayIndex, x: 0, y, widthPx: metrics.widthPx })
  let rowY = y + metrics.dayHeadingPx
  const ofDay = Array.from(
    { length: day.to - day.from },
    (_, index) => ratios[day.from + index] ?? 1,
  )
  for (const row of justifyRows(ofDay, metrics)) {
    const placed = { ...row, from: row.from + day.from, to: row.to + day.from }
    placeRow(layout, ratios, placed, { x: 0, y: rowY, metrics })
    layout.rows.push({ y: rowY, heightPx: row.heightPx, from: placed.from, to: placed.to })
    rowY += row.heightPx + metrics.gapPx
  }
  layout.heightPx = rowY - metrics.gapPx + metrics.bandGapPx
}

function placeRow(
  layout: MonthLayout,
  ratios: ArrayLike<number>,
  row: JustifiedRow,
  { x: startX, y, metrics }: { x: number; y: number; metrics: GridMetrics },
) {
  let x = startX
  for (let index = row.from; index < row.to; index++) {
    const width = shownRatio(ratios[index] ?? 1) * row.heightPx
    layout.tiles[index] = { x, y, width, height: row.heightPx }
    x += width + metrics.gapPx
  }
}

const TYPICAL_RATIO = 1.25
const TYPICAL_ITEMS_PER_DAY = 7

/** How high a month will probably be, before anything but its number of items is known. */
export function estimateMonthHeight(count: number, metrics: GridMetrics): number {
  const days = Math.min(28, Math.max(1, Math.round(count / TYPICAL_ITEMS_PER_DAY)))
  const tilePx = TYPICAL_RATIO * metrics.targetHeightPx + metrics.gapPx
  const rowsPerDay = Math.max(1, Math.ceil((count / days) * (tilePx / metrics.widthPx)))
  const daysPerBand = Math.max(1, Math.floor(metrics.widthPx / ((count / days) * tilePx)))
  const bands = Math.ceil(days / daysPerBand)
  const rowPx = metrics.targetHeightPx + metrics.gapPx
  const bandPx = metrics.dayHeadingPx + metrics.bandGapPx + rowsPerDay * rowPx
  return Math.round(metrics.monthHeadingPx + bands * bandPx)
}
