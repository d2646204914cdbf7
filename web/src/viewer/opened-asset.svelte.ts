import { monthKeyOf } from '../format/dates.ts'
import type { AssetSource } from '../timeline/asset-source.ts'
import type { TimelineAsset } from '../timeline/timeline-asset.ts'
import { assetDetails } from './asset-details.svelte.ts'
import { assetOfDetails } from './asset-of-details.ts'

/** The asset in the viewer and those beside it. */
export class OpenedAsset {
  previous = $state.raw<TimelineAsset>()
  current = $state.raw<TimelineAsset>()
  next = $state.raw<TimelineAsset>()
  isMissing = $state(false)
  readonly #source: AssetSource
  #id = ''

  constructor(source: AssetSource) {
    this.#source = source
  }

  async show(id: string) {
    this.#id = id
    this.isMissing = false
    this.current = this.#source.find(id) ?? (this.current?.id === id ? this.current : undefined)
    try {
      if (!this.current) await this.#find(id)
      void assetDetails.load(id).catch(() => {})
      const [before, after] = await Promise.all([
        this.#source.neighbour(id, -1),
        this.#source.neighbour(id, 1),
      ])
      if (id !== this.#id) return
      this.previous = before
      this.next = after
    } catch {
      if (id === this.#id) this.isMissing = true
    }
  }

  /** After a reload only the address names the asset: its own date says in which month it stands. */
  async #find(id: string) {
    const found = await assetDetails.load(id)
    await this.#source.open()
    if (this.#source.order === 'dated') {
      const key = monthKeyOf(Date.parse(found.localDateTime))
      const isThere = this.#source.months.some(({ timeBucket }) => timeBucket === key)
      if (isThere) await this.#source.loaded(key)
    }
    if (id === this.#id) this.current = this.#source.find(id) ?? assetOfDetails(found)
  }

  /** A part that is asked for again brings new facts of the same asset: its thumbnail, its heart. */
  watch(): () => void {
    return this.#source.watch({
      monthsChanged: () => {},
      monthChanged: () => {
        const id = this.#id
        const fresh = this.#source.find(id)
        if (!fresh || fresh === this.current) return
        if (this.current?.condition === 'processing') assetDetails.forget(id)
        this.current = fresh
        void assetDetails.load(id).catch(() => {})
      },
    })
  }

  /** The neighbour is there already: it moves to the middle at once, and its own neighbours follow. */
  moveTo(to: TimelineAsset) {
    const { previous, current, next } = this
    this.current = to
    this.previous = to.id === next?.id ? current : undefined
    this.next = to.id === previous?.id ? current : undefined
  }

  patch(change: Partial<TimelineAsset>) {
    if (this.current) this.current = { ...this.current, ...change }
  }
}
