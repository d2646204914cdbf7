export type RowShape = {
  widthPx: number
  targetHeightPx: number
  gapPx: number
}

/** Items `from` to `to` (exclusive) side by side at one height. */
export type JustifiedRow = { from: number; to: number; heightPx: number }

/** Narrower or wider pictures are shown cropped, so that none becomes a sliver or a whole row. */
const NARROWEST_RATIO = 0.45
const WIDEST_RATIO = 3.2

/** Rows below this share of the target height are never tried. */
const LOWEST_ROW = 0.55
/** A last row is stretched to the full width up to this share of the target height, else left ragged. */
const HIGHEST_LAST_ROW = 1.3

export function shownRatio(ratio: number): number {
  if (!(ratio > 0)) return 1
  return Math.min(WIDEST_RATIO, Math.max(NARROWEST_RATIO, ratio))
}

/**
 * Breaks items into rows that fill the width, choosing the breaks together (as a typesetter breaks a
 * paragraph) so that the heights stay as near to the target as they can. `ratios` are width / height.
 */
export function justifyRows(
  ratios: ArrayLike<number>,
  { widthPx, targetHeightPx, gapPx }: RowShape,
): JustifiedRow[] {
  const count = ratios.length
  const costs = new Float64Array(count + 1).fill(Number.POSITIVE_INFINITY)
  const heights = new Float64Array(count + 1)
  const starts = new Int32Array(count + 1)
  costs[0] = 0

  for (let from = 0; from < count; from++) {
    const costSoFar = costs[from] ?? 0
    let ratioSum = 0
    for (let to = from + 1; to <= count; to++) {
      ratioSum += shownRatio(ratios[to - 1] ?? 1)
      const fullHeightPx = (widthPx - gapPx * (to - from - 1)) / ratioSum
      const isLowest = fullHeightPx < targetHeightPx * LOWEST_ROW
      if (isLowest && to > from + 1) break

      const isRagged = to === count && fullHeightPx > targetHeightPx * HIGHEST_LAST_ROW
      const heightPx = isRagged ? targetHeightPx : fullHeightPx
      const cost = costSoFar + rowCost(heightPx / targetHeightPx)
      if (cost < (costs[to] ?? 0)) {
        costs[to] = cost
        heights[to] = heightPx
        starts[to] = from
      }
    }
  }

  const rows: JustifiedRow[] = []
  for (let to = count; to > 0; to = starts[to] ?? 0) {
    rows.push({ from: starts[to] ?? 0, to, heightPx: heights[to] ?? targetHeightPx })
  }
  return rows.reverse()
}

/** Too high looks worse than too low: one picture that fills the screen hides its neighbours. */
function rowCost(share: number): number {
  const off = share > 1 ? (share - 1) * 1.4 : (1 / share - 1) * 1.1
  return off * off
}
