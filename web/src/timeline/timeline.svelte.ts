import type { TimeBucketAssetResponseDto, TimeBucketsResponseDto } from '#contracts/api/timeline.ts'
import { callApi, wordsOf } from '../api/http.ts'
import { monthKeyOf } from '../format/dates.ts'
import { realtime } from '../realtime/realtime.svelte.ts'
import type { AssetSource, Watcher } from './asset-source.ts'
import { assetsOfBucket, mergeAssets, type TimelineAsset } from './timeline-asset.ts'
import { readSettled } from './writes.ts'

export type TimelineFilter = {
  visibility?: 'timeline' | 'archive'
  isFavorite?: boolean
  isTrashed?: boolean
  personId?: string
  /** west,south,east,north */
  bbox?: string
}

type Loading = { promise: Promise<void>; abort: AbortController }

/** While something is being processed its month is asked for again, ever more slowly. */
const FIRST_POLL_MS = 1_500
const SLOWEST_POLL_MS = 10_000
/** Whoever is told hardly needs to ask; but what is told can get lost on its way. */
const POLL_WHILE_TOLD_MS = 10_000
const MONTHS_AT_ONCE = 6

/**
 * The assets of one filter by month: counts first, each month when it is wanted, and above them the assets that
 * are on their way up. Whoever draws it watches it; nothing here is reactive below the list of months.
 */
export class Timeline implements AssetSource {
  readonly order = 'dated'
  readonly filter: TimelineFilter
  status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle')
  failure = $state('')
  months = $state.raw<TimeBucketsResponseDto[]>([])
  readonly total = $derived(this.months.reduce((sum, month) => sum + month.count, 0))

  #buckets: TimeBucketsResponseDto[] = []
  #fetched = new Map<string, TimelineAsset[]>()
  #merged = new Map<string, TimelineAsset[]>()
  #local = new Map<string, TimelineAsset[]>()
  /** The month of each fetched asset. */
  #monthOf = new Map<string, string>()
  #loading = new Map<string, Loading>()
  #watchers = new Set<Watcher>()
  #wanted: string[] = []
  #poll: ReturnType<typeof setTimeout> | undefined
  #pollMs = FIRST_POLL_MS
  #isStale = false

  constructor(filter: TimelineFilter) {
    this.filter = filter
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Asks for the months, if they are not known or something outside has changed them. */
  async open() {
    if (this.status === 'ready' && !this.#isStale) return
    await this.reload()
  }

  async reload() {
    if (this.status !== 'ready') this.status = 'loading'
    this.#isStale = false
    try {
      this.#buckets = await readSettled(() => this.#askForCounts())
      // What is on the screen stays until its new answer is there.
      for (const key of this.#fetched.keys()) {
        if (!this.#wanted.includes(key) || !this.#bucketOf(key)) this.#drop(key)
      }
      this.status = 'ready'
      this.#publishMonths()
      const wanted = this.#wanted.filter((key) => this.#bucketOf(key))
      await Promise.all(wanted.map((key) => this.#fetchMonth(key)))
    } catch (error) {
      this.failure = wordsOf(error)
      if (this.status !== 'ready') this.status = 'failed'
      return
    }
    // Something changed after the question: the answer may be without it.
    if (this.#isStale) await this.reload()
  }

  markStale() {
    this.#isStale = true
  }

  assetsOf(key: string): TimelineAsset[] | undefined {
    const known = this.#merged.get(key)
    if (known) return known
    const fetched = this.#fetched.get(key) ?? (this.#bucketOf(key) ? undefined : [])
    if (!fetched) return undefined
    const merged = mergeAssets(fetched, this.#local.get(key) ?? [])
    this.#merged.set(key, merged)
    return merged
  }

  find(id: string): TimelineAsset | undefined {
    return this.assetsOf(this.monthOf(id) ?? '')?.find((asset) => asset.id === id)
  }

  monthOf(id: string): string | undefined {
    const known = this.#monthOf.get(id)
    if (known !== undefined) return known
    for (const [key, assets] of this.#local) if (assets.some((asset) => asset.id === id)) return key
    return undefined
  }

  /** The months near the screen. What is missing is fetched, what nobody looks at any more is not waited for. */
  want(keys: string[]) {
    this.#wanted = keys
    for (const [key, loading] of this.#loading) {
      if (!keys.includes(key)) loading.abort.abort()
    }
    for (const key of keys) {
      if (!this.#fetched.has(key) && this.#bucketOf(key)) void this.load(key)
    }
    this.#schedulePoll()
  }

  /** After the connection was away: what is on the screen and could not be fetched. */
  retry() {
    if (this.status === 'failed') void this.reload()
    else this.want(this.#wanted)
  }

  load(key: string): Promise<void> {
    const running = this.#loading.get(key)
    if (running && !running.abort.signal.aborted) return running.promise
    const abort = new AbortController()
    const promise = this.#fetchMonth(key, abort.signal)
      .catch(() => {
        // Wanted again at the next movement; until then its place stays grey.
      })
      .finally(() => {
        if (this.#loading.get(key)?.abort === abort) this.#loading.delete(key)
      })
    this.#loading.set(key, { promise, abort })
    return promise
  }

  /**
   * Assets were added on the server: the counts and these months are asked for again. Nothing is told before all
   * of it is there, so that a month that consists of uploads never turns grey in between. False: they could not be
   * asked for.
   */
  async refreshMonths(keys: string[]): Promise<boolean> {
    try {
      const { buckets, months } = await readSettled(() => this.#askForNews(keys))
      this.#buckets = buckets
      for (const [key, assets] of months) this.#setAnswer(key, assets)
      this.#publishMonths()
      return true
    } catch {
      this.markStale()
      return false
    }
  }

  #askForCounts(): Promise<TimeBucketsResponseDto[]> {
    return callApi('GET', '/api/timeline/buckets', { query: this.filter })
  }

  async #askForNews(keys: string[]) {
    const buckets = await this.#askForCounts()
    const counted = new Set(buckets.map(({ timeBucket }) => timeBucket))
    const local = [...this.#local.keys()].filter((key) => !this.#fetched.has(key))
    const shown = keys.filter((key) => this.#isShown(key))
    const wanted = [...new Set([...shown, ...local])].filter((key) => counted.has(key))
    const months = await Promise.all(
      wanted.map(async (key) => [key, await this.#askForMonth(key)] as const),
    )
    return { buckets, months }
  }

  #isShown(key: string): boolean {
    return this.#fetched.has(key) || this.#wanted.includes(key)
  }

  /** The assets that are on their way up, all of them. */
  setLocal(assets: TimelineAsset[]) {
    const before = this.#local
    this.#local = Map.groupBy(assets, (asset) => monthKeyOf(asset.localMs))
    const keys = new Set([...before.keys(), ...this.#local.keys()])
    const changed = [...keys].filter((key) => !isSame(before.get(key), this.#local.get(key)))
    for (const key of changed) this.#merged.delete(key)
    if (changed.length === 0) return
    this.#publishMonths()
    for (const key of changed) this.#tellMonth(key)
  }

  get isWhole() {
    return this.filter.personId === undefined && this.filter.bbox === undefined
  }

  accepts({ isTrashed, visibility, isFavorite }: TimelineAsset): boolean {
    const { filter } = this
    return (
      isTrashed === (filter.isTrashed ?? false) &&
      (filter.visibility === undefined || visibility === filter.visibility) &&
      (filter.isFavorite === undefined || isFavorite === filter.isFavorite)
    )
  }

  patch(ids: ReadonlySet<string>, change: (asset: TimelineAsset) => TimelineAsset) {
    for (const [key, assets] of this.#fetched) {
      if (!assets.some(({ id }) => ids.has(id))) continue
      this.#setFetched(
        key,
        assets.map((asset) => (ids.has(asset.id) ? change(asset) : asset)),
      )
    }
  }

  /** Takes assets out and answers them, for the undo. */
  take(ids: ReadonlySet<string>): TimelineAsset[] {
    const taken: TimelineAsset[] = []
    for (const [key, assets] of this.#fetched) {
      const gone = assets.filter(({ id }) => ids.has(id))
      if (gone.length === 0) continue
      taken.push(...gone)
      this.#count(key, -gone.length)
      const left = assets.filter(({ id }) => !ids.has(id))
      // An empty month is one that is not known: a count that was asked for before may yet speak of it.
      if (left.length > 0) this.#setFetched(key, left)
      else this.#tellMonth(key)
    }
    this.#publishMonths()
    return taken
  }

  put(assets: TimelineAsset[]) {
    for (const [key, ofMonth] of Map.groupBy(assets, (asset) => monthKeyOf(asset.localMs))) {
      const known = this.#fetched.get(key)
      const merged = mergeAssets(known ?? [], ofMonth)
      this.#count(key, merged.length - (known?.length ?? 0))
      if (known || !this.#bucketOf(key)) this.#setFetched(key, merged)
    }
    this.#publishMonths()
  }

  /** The asset before or after, in the order of the page. Months in between are loaded. */
  async neighbour(id: string, step: 1 | -1): Promise<TimelineAsset | undefined> {
    let month = this.#monthIndexOf(id)
    const assets = this.assetsOf(this.months[month]?.timeBucket ?? '') ?? []
    const here = assets.findIndex((asset) => asset.id === id)
    if (here < 0) return undefined
    const beside = assets[here + step]
    if (beside) return beside
    for (;;) {
      month += step
      const key = this.months[month]?.timeBucket
      if (key === undefined) return undefined
      const ofMonth = await this.loaded(key)
      const next = step > 0 ? ofMonth[0] : ofMonth.at(-1)
      if (next) return next
    }
  }

  async edge(end: 'first' | 'last'): Promise<TimelineAsset | undefined> {
    const key = this.months.at(end === 'first' ? 0 : -1)?.timeBucket
    const assets = key === undefined ? [] : await this.loaded(key)
    return assets.at(end === 'first' ? 0 : -1)
  }

  async loaded(key: string): Promise<TimelineAsset[]> {
    if (!this.assetsOf(key)) await this.load(key)
    return this.assetsOf(key) ?? []
  }

  /** All ids from one tile to another, also through months that were never on the screen. */
  async range(fromId: string, toId: string): Promise<string[]> {
    const from = this.#monthIndexOf(fromId)
    const to = this.#monthIndexOf(toId)
    if (from < 0 || to < 0) return []
    const keys = this.months
      .slice(Math.min(from, to), Math.max(from, to) + 1)
      .map(({ timeBucket }) => timeBucket)
    const ids = (await Promise.all(keys.map((key) => this.loaded(key)))).flat().map(({ id }) => id)
    const ends = [ids.indexOf(fromId), ids.indexOf(toId)].sort((a, b) => a - b)
    return ids.slice(ends[0], (ends[1] ?? 0) + 1)
  }

  async all(): Promise<string[]> {
    const keys = this.months.map(({ timeBucket }) => timeBucket)
    const ids: string[] = []
    for (let from = 0; from < keys.length; from += MONTHS_AT_ONCE) {
      const months = keys.slice(from, from + MONTHS_AT_ONCE)
      const assets = (await Promise.all(months.map((key) => this.loaded(key)))).flat()
      ids.push(...assets.filter(({ uploadId }) => uploadId === undefined).map(({ id }) => id))
    }
    return ids
  }

  #monthIndexOf(id: string): number {
    const key = this.monthOf(id)
    return this.months.findIndex(({ timeBucket }) => timeBucket === key)
  }

  #bucketOf(key: string): TimeBucketsResponseDto | undefined {
    return this.#buckets.find(({ timeBucket }) => timeBucket === key)
  }

  async #askForMonth(key: string, signal?: AbortSignal): Promise<TimelineAsset[]> {
    const bucket = await callApi<TimeBucketAssetResponseDto>('GET', '/api/timeline/bucket', {
      query: { ...this.filter, timeBucket: key },
      ...(signal ? { signal } : {}),
    })
    return assetsOfBucket(bucket)
  }

  async #fetchMonth(key: string, signal?: AbortSignal) {
    const assets = await readSettled(() => this.#askForMonth(key, signal))
    if (this.#setAnswer(key, assets)) this.#publishMonths()
    this.#schedulePoll()
  }

  /** A month is asked for after the counts, so that it knows better. Answers whether they were wrong. */
  #setAnswer(key: string, assets: TimelineAsset[]): boolean {
    const counted = this.#bucketOf(key)?.count ?? 0
    if (counted !== assets.length) this.#count(key, assets.length - counted)
    this.#setFetched(key, assets)
    return counted !== assets.length
  }

  #drop(key: string) {
    for (const { id } of this.#fetched.get(key) ?? []) this.#monthOf.delete(id)
    this.#fetched.delete(key)
    this.#merged.delete(key)
  }

  #setFetched(key: string, assets: TimelineAsset[]) {
    for (const { id } of this.#fetched.get(key) ?? []) this.#monthOf.delete(id)
    for (const { id } of assets) this.#monthOf.set(id, key)
    this.#fetched.set(key, assets)
    this.#merged.delete(key)
    this.#tellMonth(key)
  }

  #count(key: string, delta: number) {
    const known = this.#bucketOf(key)
    const count = Math.max(0, (known?.count ?? 0) + delta)
    const others = this.#buckets.filter(({ timeBucket }) => timeBucket !== key)
    this.#buckets = count > 0 ? [...others, { timeBucket: key, count }].sort(newestFirst) : others
    if (count === 0) this.#drop(key)
  }

  #publishMonths() {
    const counts = new Map(this.#buckets.map(({ timeBucket, count }) => [timeBucket, count]))
    for (const [key, assets] of this.#local) {
      const fetched = new Set(this.#fetched.get(key)?.map(({ id }) => id))
      const added = assets.filter(({ id }) => !fetched.has(id)).length
      if (added > 0) counts.set(key, (counts.get(key) ?? 0) + added)
    }
    this.months = [...counts]
      .map(([timeBucket, count]) => ({ timeBucket, count }))
      .sort(newestFirst)
    for (const watcher of this.#watchers) watcher.monthsChanged()
  }

  #tellMonth(key: string) {
    for (const watcher of this.#watchers) watcher.monthChanged(key)
  }

  /** What changed before anybody could tell it. */
  async askForProcessing() {
    await Promise.all(this.#processing().map((key) => this.#fetchMonth(key).catch(() => {})))
  }

  #processing(): string[] {
    return this.#wanted.filter((key) =>
      this.#fetched.get(key)?.some(({ condition }) => condition === 'processing'),
    )
  }

  #schedulePoll() {
    const waiting = this.#processing()
    if (waiting.length === 0) this.#pollMs = FIRST_POLL_MS
    if (this.#poll !== undefined || waiting.length === 0) return
    const waitMs = realtime.isConnected ? POLL_WHILE_TOLD_MS : this.#pollMs
    this.#poll = setTimeout(() => void this.#pollMonths(), waitMs)
    this.#pollMs = Math.min(SLOWEST_POLL_MS, this.#pollMs * 1.25)
  }

  async #pollMonths() {
    if (document.visibilityState === 'visible') await this.askForProcessing()
    this.#poll = undefined
    this.#schedulePoll()
  }

  /** Something new is being processed: look soon. */
  hurry() {
    this.#pollMs = FIRST_POLL_MS
    clearTimeout(this.#poll)
    this.#poll = undefined
    this.#schedulePoll()
  }
}

const newestFirst = (a: TimeBucketsResponseDto, b: TimeBucketsResponseDto) =>
  a.timeBucket < b.timeBucket ? 1 : -1

function isSame(a: TimelineAsset[] | undefined, b: TimelineAsset[] | undefined): boolean {
  if (a === b) return true
  if (!a || !b || a.length !== b.length) return false
  return a.every((asset, index) => asset === b[index])
}
