import { expect, test } from 'vitest'
import type { GridMetrics } from './month-layout.ts'
import { VirtualGrid } from './virtual-grid.ts'

const metrics: GridMetrics = {
  widthPx: 1000,
  targetHeightPx: 200,
  gapPx: 4,
  dayGapPx: 20,
  monthHeadingPx: 60,
  dayHeadingPx: 32,
  bandGapPx: 16,
  minDayWidthPx: 100,
}

function itemsOf(name: string, count: number) {
  return {
    ids: Array.from({ length: count }, (_, index) => `${name}-${index}`),
    ratios: Array.from({ length: count }, () => 1.5),
    days: [{ key: name, from: 0, to: count }],
  }
}

function setup() {
  const grid = new VirtualGrid(metrics, 10)
  grid.setMonths([
    { key: '2024-03-01', count: 30 },
    { key: '2024-02-01', count: 300 },
    { key: '2024-01-01', count: 30 },
  ])
  return grid
}

test('months follow one another without a gap', () => {
  const grid = setup()

  const [first, second] = grid.months

  expect(first?.topPx).toBe(10)
  expect(second?.topPx).toBe(10 + (first?.heightPx ?? 0))
})

test('only what is near the screen is handed out', () => {
  const grid = setup()
  grid.setItems('2024-02-01', itemsOf('feb', 300))

  const visible = grid.visible((grid.topOf('2024-02-01') ?? 0) + 2000, 800, 200)

  const tiles = visible.flatMap((month) => month.shown?.tiles ?? [])
  expect(visible.map(({ key }) => key)).toEqual(['2024-02-01'])
  expect(tiles.length).toBeGreaterThan(10)
  expect(tiles.length).toBeLessThan(40)
})

test('a month that is not loaded yet is there without tiles', () => {
  const grid = setup()

  expect(grid.visible(0, 500, 0)[0]).toMatchObject({ key: '2024-03-01', shown: undefined })
})

test('what a person looks at stays in place when a month above turns out higher', () => {
  const grid = setup()
  grid.setItems('2024-01-01', itemsOf('jan', 30))
  const scrollTop = (grid.topOf('2024-01-01') ?? 0) + 150
  const before = (grid.rectOf({ key: '2024-01-01', index: 0 })?.y ?? 0) - scrollTop

  const moved = grid.keepingPlace(scrollTop, 800, () => {
    grid.setItems('2024-03-01', itemsOf('mar', 90))
  })

  expect(moved).not.toBe(scrollTop)
  expect((grid.rectOf({ key: '2024-01-01', index: 0 })?.y ?? 0) - moved).toBeCloseTo(before)
})

test('what a person looks at stays in place when the month above it arrives while it is on the screen', () => {
  const grid = setup()
  grid.setItems('2024-01-01', itemsOf('jan', 30))
  const scrollTop = (grid.topOf('2024-01-01') ?? 0) - 300
  const before = (grid.rectOf({ key: '2024-01-01', index: 0 })?.y ?? 0) - scrollTop

  const moved = grid.keepingPlace(scrollTop, 800, () => {
    grid.setItems('2024-02-01', itemsOf('feb', 300))
  })

  expect(moved).not.toBe(scrollTop)
  expect((grid.rectOf({ key: '2024-01-01', index: 0 })?.y ?? 0) - moved).toBeCloseTo(before)
})

test('the rest stays in place when what was topmost goes', () => {
  const grid = setup()
  const february = itemsOf('feb', 300)
  grid.setItems('2024-02-01', february)
  const scrollTop = (grid.rectOf({ key: '2024-02-01', index: 60 })?.y ?? 0) + 10
  const [first, ...others] = grid.visible(scrollTop, 800, 0)[0]?.shown?.tiles ?? []
  const next = others.find((tile) => tile.y !== first?.y)
  const place = { key: '2024-02-01', index: next?.index ?? 0 }
  const before = (grid.rectOf(place)?.y ?? 0) - scrollTop
  const topmost = new Set(others.flatMap((tile) => (tile.y === first?.y ? [tile.id] : [])))
  topmost.add(first?.id ?? '')

  const moved = grid.keepingPlace(scrollTop, 800, () => {
    const ids = february.ids.filter((id) => !topmost.has(id))
    grid.setItems('2024-02-01', { ...itemsOf('feb', ids.length), ids })
  })

  const after = grid.rectOf({ ...place, index: place.index - topmost.size })
  expect((after?.y ?? 0) - moved).toBeCloseTo(before)
})

test('when a month goes, what follows it takes its place', () => {
  const grid = setup()
  grid.setItems('2024-02-01', itemsOf('feb', 3))
  grid.setItems('2024-01-01', itemsOf('jan', 30))
  const scrollTop = (grid.topOf('2024-02-01') ?? 0) + 70
  const before = (grid.rectOf({ key: '2024-01-01', index: 0 })?.y ?? 0) - scrollTop

  const moved = grid.keepingPlace(scrollTop, 800, () => {
    grid.setMonths([
      { key: '2024-03-01', count: 30 },
      { key: '2024-01-01', count: 30 },
    ])
  })

  expect((grid.rectOf({ key: '2024-01-01', index: 0 })?.y ?? 0) - moved).toBeCloseTo(before)
})

test('the same picture stays at the top when the window changes its width', () => {
  const grid = setup()
  grid.setItems('2024-02-01', itemsOf('feb', 300))
  const rect = grid.rectOf({ key: '2024-02-01', index: 60 })
  const topRow = grid.visible(rect?.y ?? 0, 1, 0)[0]?.shown?.tiles[0]

  const moved = grid.keepingPlace(rect?.y ?? 0, 800, () =>
    grid.setMetrics({ ...metrics, widthPx: 700 }),
  )

  const place = grid.find(topRow?.id ?? '')
  expect(grid.rectOf(place ?? { key: '', index: 0 })?.y).toBeCloseTo(moved)
})

test('at the very top new items push the rest down', () => {
  const grid = setup()

  const moved = grid.keepingPlace(0, 800, () =>
    grid.setMonths([
      { key: '2024-04-01', count: 5 },
      ...grid.months.map((month) => ({ ...month })),
    ]),
  )

  expect(moved).toBe(0)
  expect(grid.months[0]?.key).toBe('2024-04-01')
})

test('the neighbour below is the one under the middle of the tile', () => {
  const grid = setup()
  grid.setItems('2024-02-01', itemsOf('feb', 9))

  const below = grid.verticalNeighbour({ key: '2024-02-01', index: 1 }, 'down')
  const back = grid.verticalNeighbour(below ?? { key: '', index: 0 }, 'up')

  expect(below?.index).toBeGreaterThan(2)
  expect(back).toEqual({ key: '2024-02-01', index: 1 })
})

test('going down from the last row enters the next month when it is loaded', () => {
  const grid = setup()
  grid.setItems('2024-03-01', itemsOf('mar', 2))

  expect(grid.verticalNeighbour({ key: '2024-03-01', index: 1 }, 'down')).toBeUndefined()
  grid.setItems('2024-02-01', itemsOf('feb', 9))
  expect(grid.verticalNeighbour({ key: '2024-03-01', index: 1 }, 'down')?.key).toBe('2024-02-01')
})

test('a library of 1200 months is as high as its rows, and shows only what is near', () => {
  const grid = new VirtualGrid(metrics)
  const months = Array.from({ length: 1200 }, (_, index) => ({ key: `month-${index}`, count: 900 }))

  grid.setMonths(months)

  expect(grid.totalHeightPx).toBeGreaterThan(10_000_000)
  expect(grid.visible(3_000_000, 900, 900).length).toBeLessThan(10)
})
