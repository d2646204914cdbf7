import { SvelteSet } from 'svelte/reactivity'
import type { AssetSource } from './asset-source.ts'

/** The chosen tiles of one page. `anchor` is where a range begins. */
export class Selection {
  readonly ids = new SvelteSet<string>()
  readonly isActive = $derived(this.ids.size > 0)
  #anchor: string | undefined
  readonly #source: AssetSource

  constructor(source: AssetSource) {
    this.#source = source
  }

  toggle(id: string) {
    if (this.ids.has(id)) this.ids.delete(id)
    else this.ids.add(id)
    this.#anchor = id
  }

  async extendTo(id: string) {
    if (this.#anchor === undefined) return this.toggle(id)
    for (const between of await this.#source.range(this.#anchor, id)) this.ids.add(between)
  }

  /** All of these, or none when all were chosen already. */
  toggleAll(ids: string[]) {
    const areAllIn = ids.every((id) => this.ids.has(id))
    for (const id of ids) {
      if (areAllIn) this.ids.delete(id)
      else this.ids.add(id)
    }
    this.#anchor = ids[0]
  }

  async all() {
    for (const id of await this.#source.all()) this.ids.add(id)
  }

  anchorAt(id: string) {
    this.#anchor ??= id
  }

  clear() {
    this.ids.clear()
    this.#anchor = undefined
  }
}
