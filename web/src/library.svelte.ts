import { callApi, wordsOf } from './api/http.ts'
import { monthKeyOf } from './format/dates.ts'
import { plural } from './format/sizes.ts'
import type { LibraryPage } from './router.svelte.ts'
import type { AssetSource } from './timeline/asset-source.ts'
import { changeEverywhere, type Facts } from './timeline/change-everywhere.ts'
import { Timeline } from './timeline/timeline.svelte.ts'
import type { TimelineAsset } from './timeline/timeline-asset.ts'
import { write } from './timeline/writes.ts'
import { notices } from './ui/notices.svelte.ts'

/**
 * The pages of a library and what can be done to its assets. A change shows at once on every page; a refusal takes
 * it back, and an undo gives each asset what it had before.
 */
class Library {
  readonly timelines: Record<LibraryPage, Timeline> = {
    photos: new Timeline({ visibility: 'timeline' }),
    favourites: new Timeline({ isFavorite: true }),
    archive: new Timeline({ visibility: 'archive' }),
    trash: new Timeline({ isTrashed: true }),
  }
  readonly #others = new Set<AssetSource>()

  get sources(): AssetSource[] {
    return [...Object.values(this.timelines), ...this.#others]
  }

  /** Those that are asked for month by month. */
  get datedSources(): Timeline[] {
    return this.sources.filter((source) => source instanceof Timeline)
  }

  /** Results, a person's photos: pages that come and go. */
  follow(source: AssetSource): () => void {
    this.#others.add(source)
    return () => this.#others.delete(source)
  }

  find(id: string): TimelineAsset | undefined {
    for (const source of this.sources) {
      const asset = source.find(id)
      if (asset) return asset
    }
    return undefined
  }

  async setFavourite(chosen: Chosen, isFavorite: boolean) {
    const before = this.#find(chosen).filter((asset) => asset.isFavorite !== isFavorite)
    const what = plural(before.length, 'item')
    await this.#change(before, {
      facts: { isFavorite },
      send: (changed) => update(changed, { isFavorite }),
      unsend: () => update(idsOf(before), { isFavorite: !isFavorite }),
      // One heart is pressed again as easily as an undo.
      said:
        before.length < 2
          ? ''
          : isFavorite
            ? `${what} added to favourites`
            : `${what} removed from favourites`,
      // Who takes a heart away by mistake still sees where.
      isLeaving: false,
    })
    this.timelines.favourites.markStale()
  }

  async setArchived(chosen: Chosen, isArchived: boolean) {
    const visibility = isArchived ? 'archive' : 'timeline'
    const before = this.#find(chosen).filter((asset) => asset.visibility !== visibility)
    const what = plural(before.length, 'item')
    await this.#change(before, {
      facts: { visibility },
      send: (changed) => update(changed, { visibility }),
      unsend: async () => {
        for (const [was, assets] of Map.groupBy(before, (asset) => asset.visibility)) {
          await update(idsOf(assets), { visibility: was })
        }
      },
      said: isArchived ? `${what} archived` : `${what} moved back to Photos`,
    })
  }

  async trash(chosen: Chosen) {
    const before = this.#find(chosen).filter((asset) => !asset.isTrashed)
    await this.#change(before, {
      facts: { isTrashed: true },
      send: trash,
      unsend: () => restore(idsOf(before)),
      said: `${plural(before.length, 'item')} moved to trash`,
    })
  }

  async restore(chosen: Chosen) {
    const before = this.#find(chosen).filter((asset) => asset.isTrashed)
    await this.#change(before, {
      facts: { isTrashed: false },
      send: restore,
      unsend: () => trash(idsOf(before)),
      said: `${plural(before.length, 'item')} restored`,
    })
  }

  async deleteForEver(ids: string[]) {
    const wanted = new Set(ids)
    const taken = this.sources.map((source) => ({ source, assets: source.take(wanted) }))
    const isDone = await this.#attempt(() =>
      callApi('DELETE', '/api/assets', { body: { ids, force: true } }),
    )
    if (isDone) notices.show(`${plural(ids.length, 'item')} deleted for ever`)
    else for (const { source, assets } of taken) source.put(assets)
  }

  async emptyTrash() {
    const count = this.timelines.trash.total
    const isDone = await this.#attempt(() => callApi('POST', '/api/trash/empty'))
    await this.timelines.trash.reload()
    if (isDone) notices.show(`${plural(count, 'item')} deleted for ever`)
  }

  async restoreAll() {
    const count = this.timelines.trash.total
    const isDone = await this.#attempt(() => callApi('POST', '/api/trash/restore'))
    for (const source of this.sources) source.markStale()
    await this.timelines.trash.reload()
    if (isDone) notices.show(`${plural(count, 'item')} restored`)
  }

  #find(chosen: Chosen): TimelineAsset[] {
    return chosen
      .map((one) => (typeof one === 'string' ? this.find(one) : one))
      .filter((asset) => asset !== undefined)
  }

  async #change(before: TimelineAsset[], { facts, send, unsend, said, isLeaving }: Change) {
    if (before.length === 0) return
    const takeBack = changeEverywhere(this.sources, before, { facts, isLeaving: isLeaving ?? true })
    if (!(await this.#attempt(() => send(idsOf(before))))) return takeBack()
    if (!said) return
    const undo = async () => {
      takeBack()
      // Half of an undo may have been done: only the server knows.
      if (!(await this.#attempt(unsend))) for (const source of this.sources) void source.reload()
      else this.#refresh(before)
    }
    notices.show(said, { action: { label: 'Undo', run: () => void undo() } })
  }

  /** Pages that were asked for between a change and its undo. */
  #refresh(assets: TimelineAsset[]) {
    const months = [...new Set(assets.map(({ localMs }) => monthKeyOf(localMs)))]
    for (const source of this.datedSources) {
      if (source.status === 'ready') void source.refreshMonths(months)
    }
  }

  async #attempt(call: () => Promise<unknown>): Promise<boolean> {
    try {
      await write(call)
      return true
    } catch (error) {
      notices.show(wordsOf(error), { tone: 'bad' })
      return false
    }
  }
}

/** Ids of what some page shows, or the assets themselves where none does. */
type Chosen = readonly (string | TimelineAsset)[]

type Change = {
  facts: Facts
  send: (ids: string[]) => Promise<unknown>
  unsend: () => Promise<unknown>
  /** Nothing is said of what is undone as easily as it was done. */
  said: string
  isLeaving?: boolean
}

const idsOf = (assets: TimelineAsset[]) => assets.map(({ id }) => id)

const update = (ids: string[], facts: Facts) =>
  callApi('PUT', '/api/assets', { body: { ids, ...facts } })

const trash = (ids: string[]) => callApi('DELETE', '/api/assets', { body: { ids, force: false } })

const restore = (ids: string[]) => callApi('POST', '/api/trash/restore/assets', { body: { ids } })

export const library = new Library()
