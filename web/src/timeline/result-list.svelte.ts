import { wordsOf } from '../api/http.ts'
import type { AssetSource, Watcher } from './asset-source.ts'
import type { AskForPage } from './result-page.ts'
import type { TimelineAsset } from './timeline-asset.ts'

const KEY = 'results'
/** "Select all" of an endless answer stops here. */
const MOST_SELECTED = 10_000

/** Assets in the order that a search gave them, page after page as they are looked at. */
export class ResultList implements AssetSource {
  readonly order = 'given'
  readonly isWhole = false
  status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle')
  failure = $state('')
  hasMore = $state(false)
  #assets = $state.raw<TimelineAsset[]>([])
  readonly #byId = $derived(new Map(this.#assets.map((asset) => [asset.id, asset])))
  readonly months = $derived(
    this.#assets.length > 0 ? [{ timeBucket: KEY, count: this.#assets.length }] : [],
  )
  readonly total = $derived(this.#assets.length)

  #ask: AskForPage
  readonly #watchers = new Set<Watcher>()
  #abort = new AbortController()
  #nextPage: string | undefined
  #asking: Promise<void> | undefined
  #opening: Promise<void> | undefined

  constructor(ask: AskForPage) {
    this.#ask = ask
  }

  /** Something else is searched for. What is shown stays until its answer is there. */
  async restart(ask: AskForPage) {
    this.#abort.abort()
    this.#abort = new AbortController()
    this.#ask = ask
    this.#nextPage = undefined
    this.#asking = undefined
    await this.reload()
  }

  /** Nobody waits for its answers any more. */
  close() {
    this.#abort.abort()
  }

  watch(watcher: Watcher) {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Whoever opens it while it is being asked for waits for the same answer. */
  open(): Promise<void> {
    this.#opening ??= this.reload()
    return this.#opening
  }

  async reload() {
    const { signal } = this.#abort
    this.status = 'loading'
    try {
      const { assets, nextPage } = await this.#ask(undefined, signal)
      if (signal.aborted) return
      this.#nextPage = nextPage
      this.hasMore = nextPage !== undefined
      this.#set(assets)
      this.status = 'ready'
    } catch (error) {
      if (signal.aborted) return
      this.#set([])
      this.failure = wordsOf(error)
      this.status = 'failed'
    }
  }

  retry() {
    if (this.status === 'failed') void this.reload()
  }

  markStale() {}
  want() {}

  wantMore() {
    void this.#more()
  }

  #more(): Promise<void> {
    if (this.#nextPage === undefined) return Promise.resolve()
    this.#asking ??= this.#append(this.#nextPage).finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #append(page: string) {
    const { signal } = this.#abort
    try {
      const { assets, nextPage } = await this.#ask(page, signal)
      if (signal.aborted) return
      const known = new Set(this.#assets.map(({ id }) => id))
      this.#nextPage = nextPage
      this.hasMore = nextPage !== undefined
      this.#set([...this.#assets, ...assets.filter(({ id }) => !known.has(id))])
    } catch {
      // Asked for again at the next movement.
    }
  }

  assetsOf(key: string) {
    return key === KEY ? this.#assets : undefined
  }

  find(id: string) {
    return this.#byId.get(id)
  }

  monthOf(id: string) {
    return this.find(id) ? KEY : undefined
  }

  loaded() {
    return Promise.resolve(this.#assets)
  }

  async neighbour(id: string, step: 1 | -1) {
    const here = this.#assets.findIndex((asset) => asset.id === id)
    if (here < 0) return undefined
    if (step > 0 && here + 3 > this.#assets.length) await this.#more()
    return this.#assets[here + step]
  }

  edge(end: 'first' | 'last') {
    return Promise.resolve(this.#assets.at(end === 'first' ? 0 : -1))
  }

  range(fromId: string, toId: string) {
    const ids = this.#assets.map(({ id }) => id)
    const [from = -1, to = -1] = [ids.indexOf(fromId), ids.indexOf(toId)].sort((a, b) => a - b)
    return Promise.resolve(from < 0 ? [] : ids.slice(from, to + 1))
  }

  async all() {
    let before = -1
    while (this.#nextPage && this.total < MOST_SELECTED && this.total > before) {
      before = this.total
      await this.#more()
    }
    return this.#assets.map(({ id }) => id)
  }

  accepts({ isTrashed }: TimelineAsset) {
    return !isTrashed
  }

  patch(ids: ReadonlySet<string>, change: (asset: TimelineAsset) => TimelineAsset) {
    if (!this.#assets.some(({ id }) => ids.has(id))) return
    this.#set(this.#assets.map((asset) => (ids.has(asset.id) ? change(asset) : asset)))
  }

  #taken = new Map<string, number>()

  take(ids: ReadonlySet<string>) {
    const taken = this.#assets.filter(({ id }) => ids.has(id))
    if (taken.length === 0) return taken
    for (const [index, { id }] of this.#assets.entries()) {
      if (ids.has(id)) this.#taken.set(id, index)
    }
    this.#set(this.#assets.filter(({ id }) => !ids.has(id)))
    return taken
  }

  /** Where they were taken from. */
  put(assets: TimelineAsset[]) {
    const next = [...this.#assets]
    const places = assets.map((asset) => ({ asset, at: this.#taken.get(asset.id) ?? next.length }))
    for (const { asset, at } of places.sort((a, b) => a.at - b.at)) next.splice(at, 0, asset)
    this.#set(next)
  }

  #set(assets: TimelineAsset[]) {
    this.#assets = assets
    for (const watcher of this.#watchers) {
      watcher.monthsChanged()
      watcher.monthChanged(KEY)
    }
  }
}
