import { callApi, wordsOf } from './api/http.ts'
import { plural } from './format/sizes.ts'
import type { LibraryPage } from './router.svelte.ts'
import { Timeline } from './timeline/timeline.svelte.ts'
import type { TimelineAsset } from './timeline/timeline-asset.ts'
import { notices } from './ui/notices.svelte.ts'

/** The pages of a library and what can be done to its assets. A change shows at once; a refusal takes it back. */
class Library {
  readonly timelines: Record<LibraryPage, Timeline> = {
    photos: new Timeline({ visibility: 'timeline' }),
    favourites: new Timeline({ isFavorite: true }),
    archive: new Timeline({ visibility: 'archive' }),
    trash: new Timeline({ isTrashed: true }),
  }

  async setFavourite(ids: string[], isFavorite: boolean) {
    const change = (value: boolean) => {
      for (const timeline of Object.values(this.timelines)) {
        timeline.patch(new Set(ids), { isFavorite: value })
      }
    }
    change(isFavorite)
    const isDone = await this.#attempt(() =>
      callApi('PUT', '/api/assets', { body: { ids, isFavorite } }),
    )
    if (!isDone) change(!isFavorite)
    else this.timelines.favourites.markStale()
  }

  async trash(ids: string[], from: LibraryPage) {
    const taken = this.#take(ids, ['photos', 'favourites', 'archive'])
    this.timelines.trash.markStale()
    const isDone = await this.#attempt(() =>
      callApi('DELETE', '/api/assets', { body: { ids, force: false } }),
    )
    if (!isDone) return putBack(taken)
    notices.show(`${plural(ids.length, 'item')} moved to trash`, {
      action: { label: 'Undo', run: () => void this.#undoTrash(ids, taken, from) },
    })
  }

  async #undoTrash(ids: string[], taken: Taken, from: LibraryPage) {
    putBack(taken)
    const isDone = await this.#attempt(() =>
      callApi('POST', '/api/trash/restore/assets', { body: { ids } }),
    )
    if (isDone) this.timelines.trash.markStale()
    else void this.timelines[from].reload()
  }

  async restore(ids: string[]) {
    const taken = this.#take(ids, ['trash'])
    this.#markStale(['photos', 'favourites', 'archive'])
    const isDone = await this.#attempt(() =>
      callApi('POST', '/api/trash/restore/assets', { body: { ids } }),
    )
    if (isDone) notices.show(`${plural(ids.length, 'item')} restored`)
    else putBack(taken)
  }

  async deleteForEver(ids: string[]) {
    const taken = this.#take(ids, ['trash'])
    const isDone = await this.#attempt(() =>
      callApi('DELETE', '/api/assets', { body: { ids, force: true } }),
    )
    if (isDone) notices.show(`${plural(ids.length, 'item')} deleted for ever`)
    else putBack(taken)
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
    this.#markStale(['photos', 'favourites', 'archive'])
    await this.timelines.trash.reload()
    if (isDone) notices.show(`${plural(count, 'item')} restored`)
  }

  async setArchived(ids: string[], isArchived: boolean) {
    const taken = this.#take(ids, ['photos', 'archive'])
    const visibility = isArchived ? 'archive' : 'timeline'
    this.#markStale(isArchived ? ['archive'] : ['photos'])
    this.timelines.favourites.patch(new Set(ids), { visibility })
    const isDone = await this.#attempt(() =>
      callApi('PUT', '/api/assets', { body: { ids, visibility } }),
    )
    if (!isDone) return putBack(taken)
    const what = plural(ids.length, 'item')
    notices.show(isArchived ? `${what} archived` : `${what} moved back to Photos`)
  }

  #take(ids: string[], pages: LibraryPage[]): Taken {
    const wanted = new Set(ids)
    return pages.map((page) => {
      const timeline = this.timelines[page]
      return { timeline, assets: timeline.take(wanted) }
    })
  }

  #markStale(pages: LibraryPage[]) {
    for (const page of pages) this.timelines[page].markStale()
  }

  async #attempt(call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call()
      return true
    } catch (error) {
      notices.show(wordsOf(error), { tone: 'bad' })
      return false
    }
  }
}

type Taken = { timeline: Timeline; assets: TimelineAsset[] }[]

function putBack(taken: Taken) {
  for (const { timeline, assets } of taken) timeline.put(assets)
}

export const library = new Library()
