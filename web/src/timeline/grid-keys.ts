import { tick } from 'svelte'
import type { AssetSource } from './asset-source.ts'
import type { Selection } from './selection.svelte.ts'
import type { TimelineAsset } from './timeline-asset.ts'
import type { VirtualGrid } from './virtual-grid.ts'

export type AssetAction = 'trash' | 'favourite' | 'archive' | 'restore'

type Context = {
  source: AssetSource
  grid: VirtualGrid
  selection: Selection
  /** The tile that the keys go out from. */
  current: () => string | undefined
  focusTile: (id: string) => Promise<void>
  onact: (action: AssetAction, ids: string[]) => void
}

type Find = (id: string) => Promise<string | undefined>

/** What the keys do in a grid of tiles. */
export class GridKeys {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  press(event: KeyboardEvent, isRtl: boolean) {
    const { selection, current, source } = this.#context
    const { target } = event
    if (event.altKey || event.defaultPrevented) return
    if (target instanceof HTMLElement && target.closest('[role="slider"], input')) return
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== 'a') return
      event.preventDefault()
      return void selection.all()
    }
    const forward = isRtl ? -1 : 1
    const step = event.shiftKey ? -1 : 1
    switch (event.key) {
      case 'ArrowRight':
        return this.#move(event, this.#beside(forward))
      case 'ArrowLeft':
        return this.#move(event, this.#beside(forward === 1 ? -1 : 1))
      case 'ArrowDown':
        return this.#move(event, (id) => this.#above(id, 'down'))
      case 'ArrowUp':
        return this.#move(event, (id) => this.#above(id, 'up'))
      case 'Home':
        return this.#move(event, async () => (await source.edge('first'))?.id)
      case 'End':
        return this.#move(event, async () => (await source.edge('last'))?.id)
      case 'd':
      case 'D':
        return this.#jump(event, (id) => this.#jumpBy(id, 'day', step))
      case 'm':
      case 'M':
        return this.#jump(event, (id) => this.#jumpBy(id, 'month', step))
      case 'y':
      case 'Y':
        return this.#jump(event, (id) => this.#jumpBy(id, 'year', step))
      case ' ':
      case 'x':
        return this.#choose(event, current())
      case 'Escape':
        return selection.clear()
      case 'Delete':
      case '#':
        return this.#act('trash')
      case 'f':
        return this.#act('favourite')
      case 'A':
        return this.#act('archive')
      case 'r':
        return this.#act('restore')
    }
  }

  #choose(event: KeyboardEvent, id: string | undefined) {
    if (event.target instanceof HTMLElement && event.target.closest('button')) return
    if (id === undefined) return
    event.preventDefault()
    const { selection } = this.#context
    if (event.shiftKey) void selection.extendTo(id)
    else selection.toggle(id)
  }

  async #move(event: KeyboardEvent, find: Find) {
    const { current, selection, focusTile } = this.#context
    event.preventDefault()
    const from = current()
    if (from === undefined) return
    if (event.shiftKey) selection.anchorAt(from)
    const to = await find(from)
    if (to === undefined) return
    if (event.shiftKey) void selection.extendTo(to)
    await focusTile(to)
  }

  async #jump(event: KeyboardEvent, find: Find) {
    if (this.#context.source.order !== 'dated') return
    event.preventDefault()
    const from = this.#context.current()
    const to = from === undefined ? undefined : await find(from)
    if (to !== undefined) await this.#context.focusTile(to)
  }

  #beside(step: 1 | -1): Find {
    return async (id) => (await this.#context.source.neighbour(id, step))?.id
  }

  async #above(id: string, direction: 'up' | 'down') {
    const { source, grid } = this.#context
    const place = grid.find(id, source.monthOf(id))
    if (!place) return undefined
    const beside = grid.verticalNeighbour(place, direction)
    if (beside) return source.assetsOf(beside.key)?.[beside.index]?.id
    const months = source.months.map(({ timeBucket }) => timeBucket)
    const next = months[months.indexOf(place.key) + (direction === 'up' ? -1 : 1)]
    if (next === undefined) return undefined
    const assets = await source.loaded(next)
    return (direction === 'up' ? assets.at(-1) : assets[0])?.id
  }

  /** The first tile of the next or previous day, month or year. */
  async #jumpBy(id: string, unit: 'day' | 'month' | 'year', step: 1 | -1) {
    const { source } = this.#context
    const length = { day: 10, month: 7, year: 4 }[unit]
    const start = source.find(id)
    if (!start) return undefined
    const partOf = (asset: TimelineAsset) => new Date(asset.localMs).toISOString().slice(0, length)
    if (unit !== 'day') {
      const here = partOf(start)
      const months = source.months.map(({ timeBucket }) => timeBucket)
      const wanted = (step > 0 ? months : months.toReversed()).find((key) =>
        step > 0 ? key.slice(0, length) < here : key.slice(0, length) > here,
      )
      return wanted === undefined ? undefined : (await source.loaded(wanted))[0]?.id
    }
    let next = await source.neighbour(id, step)
    while (next && partOf(next) === partOf(start)) next = await source.neighbour(next.id, step)
    return next?.id
  }

  async #act(action: AssetAction) {
    const { source, selection, current, focusTile, onact } = this.#context
    const one = current()
    const ids = selection.isActive ? [...selection.ids] : one === undefined ? [] : [one]
    if (ids.length === 0) return
    const next =
      (await source.neighbour(ids.at(-1) ?? '', 1)) ?? (await source.neighbour(ids[0] ?? '', -1))
    onact(action, ids)
    if (action !== 'favourite' && next) {
      await tick()
      await focusTile(next.id)
    }
  }
}
