import { SvelteSet } from 'svelte/reactivity'
import type { Timeline } from './timeline.svelte.ts'

/** The chosen tiles of one page. `anchor` is where a range begins. */
export class Selection {
  readonly ids = new SvelteSet<string>()
  readonly isActive = $derived(this.ids.size > 0)
  #anchor: string | undefined
  readonly #timeline: Timeline

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  toggle(id: string) {
    if (this.ids.has(id)) this.ids.delete(id)
    else this.ids.add(id)
    this.#anchor = id
  }

  async extendTo(id: string) {
    if (this.#anchor === undefined) return this.toggle(id)
    for (const between of await this.#timeline.range(this.#anchor, id)) this.ids.add(between)
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

  anchorAt(id: string) {
    this.#anchor ??= id
  }

  clear() {
    this.ids.clear()
    this.#anchor = undefined
  }
}
