import {
  type DayHeading,
  type DayRange,
  estimateMonthHeight,
  type GridMetrics,
  layOutMonth,
  type MonthLayout,
  type Rect,
} from './month-layout.ts'

export type MonthItems = { ids: string[]; ratios: ArrayLike<number>; days: DayRange[] }

export type VisibleTile = Rect & { id: string; index: number; day: number }

export type VisibleMonth = {
  key: string
  topPx: number
  heightPx: number
  /** Undefined while only the month's number of items is known. */
  shown: { headings: DayHeading[]; tiles: VisibleTile[]; days: DayRange[] } | undefined
}

export type TilePlace = { key: string; index: number }

type Month = {
  key: string
  count: number
  items: MonthItems | undefined
  layout: MonthLayout | undefined
  topPx: number
  heightPx: number
}

type AnchorTile = { key: string; id: string; offsetPx: number }

type Anchor = {
  /** What is on the screen, from its top: the first of them that is still there afterwards does not move. */
  tiles: AnchorTile[]
  /** Where nothing on the screen is loaded: the month at its top, and how much of it has passed. */
  key: string
  share: number
}

/**
 * Knows where every tile of a library stands while only the months near the screen are loaded: the others have
 * an estimated height. It touches no document: whoever scrolls asks for what is visible, and after each change
 * scrolls to where `keepingPlace` says, so that what a person looks at stays where it is.
 */
export class VirtualGrid {
  #months: Month[] = []
  #byKey = new Map<string, Month>()
  #metrics: GridMetrics
  #paddingTopPx: number

  constructor(metrics: GridMetrics, paddingTopPx = 0) {
    this.#metrics = metrics
    this.#paddingTopPx = paddingTopPx
  }

  get metrics() {
    return this.#metrics
  }

  get totalHeightPx() {
    const last = this.#months.at(-1)
    return last ? last.topPx + last.heightPx : this.#paddingTopPx
  }

  get months(): readonly { key: string; count: number; topPx: number; heightPx: number }[] {
    return this.#months
  }

  setMonths(months: { key: string; count: number }[]) {
    const before = this.#byKey
    this.#months = months.map(({ key, count }) => {
      const known = before.get(key)
      if (known) return Object.assign(known, { count })
      return { key, count, items: undefined, layout: undefined, topPx: 0, heightPx: 0 }
    })
    this.#byKey = new Map(this.#months.map((month) => [month.key, month]))
    for (const month of this.#months) this.#measure(month)
    this.#stack()
  }

  setItems(key: string, items: MonthItems | undefined) {
    const month = this.#byKey.get(key)
    if (!month) return
    month.items = items
    month.layout = undefined
    this.#measure(month)
    this.#stack()
  }

  setMetrics(metrics: GridMetrics) {
    this.#metrics = metrics
    for (const month of this.#months) {
      month.layout = undefined
      this.#measure(month)
    }
    this.#stack()
  }

  setPaddingTop(paddingTopPx: number) {
    this.#paddingTopPx = paddingTopPx
    this.#stack()
  }

  /** Makes a change and answers the scroll position at which the topmost tile on the screen has not moved. */
  keepingPlace(scrollTopPx: number, viewportPx: number, change: () => void): number {
    if (scrollTopPx <= this.#paddingTopPx) {
      change()
      return scrollTopPx
    }
    const anchor = this.#anchorAt(scrollTopPx, viewportPx)
    change()
    return (anchor && this.#placeOf(anchor)) ?? Math.min(scrollTopPx, this.totalHeightPx)
  }

  monthAt(yPx: number): { key: string; topPx: number; heightPx: number } | undefined {
    return this.#months[this.#indexAt(yPx)]
  }

  topOf(key: string): number | undefined {
    return this.#byKey.get(key)?.topPx
  }

  visible(scrollTopPx: number, viewportPx: number, overscanPx: number): VisibleMonth[] {
    const fromPx = scrollTopPx - overscanPx
    const toPx = scrollTopPx + viewportPx + overscanPx
    const visible: VisibleMonth[] = []
    for (let index = this.#indexAt(fromPx); index < this.#months.length; index++) {
      const month = this.#months[index]
      if (!month || month.topPx > toPx) break
      visible.push({
        key: month.key,
        topPx: month.topPx,
        heightPx: month.heightPx,
        shown: this.#shownOf(month, fromPx - month.topPx, toPx - month.topPx),
      })
    }
    return visible
  }

  rectOf({ key, index }: TilePlace): Rect | undefined {
    const month = this.#byKey.get(key)
    const tile = month?.layout?.tiles[index]
    return month && tile && { ...tile, y: tile.y + month.topPx }
  }

  find(id: string, key?: string): TilePlace | undefined {
    const month = key === undefined ? undefined : this.#byKey.get(key)
    for (const { key, items } of month ? [month] : this.#months) {
      const index = items?.ids.indexOf(id) ?? -1
      if (index >= 0) return { key, index }
    }
    return undefined
  }

  /** The tile above or below, nearest to the middle of this one; undefined when that month is not loaded. */
  verticalNeighbour({ key, index }: TilePlace, direction: 'up' | 'down'): TilePlace | undefined {
    const step = direction === 'up' ? -1 : 1
    let monthIndex = this.#months.findIndex((month) => month.key === key)
    const month = this.#months[monthIndex]
    const tile = month?.layout?.tiles[index]
    if (!month?.layout || !tile) return undefined
    const middle = tile.x + tile.width / 2
    const row = month.layout.rows.findIndex(({ from, to }) => index >= from && index < to)
    let next = month.layout.rows[row + step]
    let owner: Month | undefined = month
    while (!next) {
      monthIndex += step
      owner = this.#months[monthIndex]
      if (!owner?.layout) return undefined
      next = step > 0 ? owner.layout.rows[0] : owner.layout.rows.at(-1)
    }
    const tiles = owner.layout?.tiles ?? []
    let best = next.from
    for (let candidate = next.from; candidate < next.to; candidate++) {
      if (distance(tiles[candidate], middle) < distance(tiles[best], middle)) best = candidate
    }
    return { key: owner.key, index: best }
  }

  #measure(month: Month) {
    if (!month.items) {
      month.layout = undefined
      month.heightPx = estimateMonthHeight(month.count, this.#metrics)
      return
    }
    month.layout ??= layOutMonth(month.items.ratios, month.items.days, this.#metrics)
    month.heightPx = month.layout.heightPx
  }

  #stack() {
    let topPx = this.#paddingTopPx
    for (const month of this.#months) {
      month.topPx = topPx
      topPx += month.heightPx
    }
  }

  #indexAt(yPx: number): number {
    let low = 0
    let high = this.#months.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#months[middle]?.topPx ?? 0) <= yPx) low = middle
      else high = middle - 1
    }
    return low
  }

  #shownOf(month: Month, fromPx: number, toPx: number): VisibleMonth['shown'] {
    const { layout, items } = month
    if (!layout || !items) return undefined
    const tiles: VisibleTile[] = []
    let day = 0
    for (const row of layout.rows) {
      if (row.y + row.heightPx < fromPx) continue
      if (row.y > toPx) break
      for (let index = row.from; index < row.to; index++) {
        while (index >= (items.days[day]?.to ?? Number.POSITIVE_INFINITY)) day++
        const rect = layout.tiles[index]
        const id = items.ids[index]
        if (rect && id) tiles.push({ ...rect, id, index, day })
      }
    }
    const { dayHeadingPx } = this.#metrics
    const days = new Set(tiles.map((tile) => tile.day))
    const headings = layout.headings.filter(
      ({ day, y }) => days.has(day) || (y + dayHeadingPx >= fromPx && y <= toPx),
    )
    return { headings, tiles, days: items.days }
  }

  #anchorAt(topPx: number, viewportPx: number): Anchor | undefined {
    const first = this.#indexAt(topPx)
    const month = this.#months[first]
    if (!month) return undefined
    const tiles: AnchorTile[] = []
    for (const shown of this.#months.slice(first)) {
      if (shown.topPx >= topPx + viewportPx) break
      tiles.push(...tilesOnScreen(shown, topPx, viewportPx))
    }
    const share = month.heightPx > 0 ? (topPx - month.topPx) / month.heightPx : 0
    return { tiles, key: month.key, share }
  }

  #placeOf(anchor: Anchor): number | undefined {
    for (const { key, id, offsetPx } of anchor.tiles) {
      const month = this.#byKey.get(key)
      const tile = month?.layout?.tiles[month.items?.ids.indexOf(id) ?? -1]
      if (month && tile) return month.topPx + tile.y + offsetPx
    }
    const month = this.#byKey.get(anchor.key)
    return month && month.topPx + anchor.share * month.heightPx
  }
}

function tilesOnScreen({ key, layout, items, ...month }: Month, topPx: number, viewportPx: number) {
  if (!layout || !items) return []
  const insidePx = topPx - month.topPx
  return layout.rows
    .filter(({ y, heightPx }) => y + heightPx > insidePx && y < insidePx + viewportPx)
    .flatMap(({ from, to, y }) =>
      items.ids.slice(from, to).map((id) => ({ key, id, offsetPx: insidePx - y })),
    )
}

function distance(rect: Rect | undefined, middle: number): number {
  return rect ? Math.abs(rect.x + rect.width / 2 - middle) : Number.POSITIVE_INFINITY
}
