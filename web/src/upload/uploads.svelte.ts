import {
  type BrowserSource,
  pickSources,
  sourcesOfDrop,
  sourcesOfFiles,
} from '#client/browser/sources.ts'
import type { UploadQueue } from '#client/upload-queue.ts'
import type { UploadEntry, UploadSnapshot } from '#client/upload-types.ts'
import { mediaTypeOfName } from '#contracts/media-types.ts'
import { monthKeyOf } from '../format/dates.ts'
import { plural } from '../format/sizes.ts'
import { library } from '../library.svelte.ts'
import { session } from '../session.svelte.ts'
import { rememberFile } from '../thumbs/local-picture.ts'
import type { TimelineAsset } from '../timeline/timeline-asset.ts'
import { notices } from '../ui/notices.svelte.ts'
import { shareOfEntry, tileOfEntry } from './upload-tiles.ts'

export type Entry = UploadEntry<BrowserSource>
type Snapshot = UploadSnapshot<BrowserSource>
type Queue = UploadQueue<BrowserSource>

const NOTHING: Snapshot = {
  entries: [],
  totals: { files: 0, settled: 0, done: 0, duplicates: 0, failed: 0, bytes: 0, sentBytes: 0 },
  bytesPerSecond: 0,
  secondsLeft: undefined,
  isPaused: false,
  isOffline: false,
  isSignedOut: false,
  isActive: false,
}

/** Months in which uploads were finished are asked for together. */
const REFRESH_MS = 500
const REFRESH_AGAIN_MS = 5_000

class Uploads {
  snapshot = $state.raw<Snapshot>(NOTHING)
  /** Whether the panel shows its list, or only its summary. */
  isExpanded = $state(true)
  isPanelOpen = $state(false)

  #queue: Promise<Queue> | undefined
  #shares = new Map<string, number | undefined>()
  #tiles = new Map<string, { entry: Entry; tile: TimelineAsset | undefined }>()
  #arrived = new Map<string, string>()
  #months = new Set<string>()
  #refresh: ReturnType<typeof setTimeout> | undefined

  /** Files of an earlier visit that are not up yet appear, and go on where that is possible. */
  async resumeEarlier() {
    const queue = await this.#open()
    await queue.resumeUnfinished()
  }

  async pick() {
    const picked = await pickSources().catch(() => {
      notices.show('These files cannot be read.', { tone: 'bad' })
      return []
    })
    await this.#add(picked)
  }

  async addFiles(files: Iterable<File> | null | undefined) {
    await this.#add(sourcesOfFiles(files))
  }

  /** Call it in the drop handler itself: the browser empties the list right after. */
  async addDrop(transfer: DataTransfer | null) {
    const found = await sourcesOfDrop(transfer).catch(() => {
      notices.show('What was dropped cannot be read.', { tone: 'bad' })
      return []
    })
    await this.#add(found)
  }

  /** From 0 to 1; undefined while a server-side step of unknown length runs. */
  shareOf(uploadId: string | undefined): number | undefined {
    void this.snapshot
    return uploadId === undefined ? undefined : this.#shares.get(uploadId)
  }

  async control(act: (queue: Queue) => void) {
    if (this.#queue) act(await this.#queue)
  }

  async #add(sources: BrowserSource[]) {
    if (sources.length === 0) return
    const known = sources.filter(({ file }) => mediaTypeOfName(file.name))
    if (known.length === 0) {
      notices.show(
        sources.length === 1
          ? `“${sources[0]?.file.name}” is not a photo or video that Tintype knows.`
          : 'None of these files is a photo or video that Tintype knows.',
        { tone: 'bad' },
      )
      return
    }
    this.isExpanded = true
    const queue = await this.#open().catch(() => undefined)
    if (!queue) {
      const text = 'The upload cannot begin: a part of this page did not load. Try again.'
      notices.show(text, { tone: 'bad' })
      return
    }
    // Folders are full of files that are no pictures; their failure would only be noise.
    queue.add(sources.length > 20 ? known : sources)
    const skipped = sources.length - known.length
    if (sources.length > 20 && skipped > 0) {
      notices.show(`${plural(skipped, 'file')} left out: not photos or videos`)
    }
  }

  #open(): Promise<Queue> {
    this.#queue ??= this.#create().catch((error: unknown) => {
      this.#queue = undefined
      throw error
    })
    return this.#queue
  }

  async #create(): Promise<Queue> {
    const { createBrowserUploadQueue } = await import('#client/browser/create-upload-queue.ts')
    const queue = createBrowserUploadQueue({ userId: session.user?.id ?? '' })
    queue.subscribe((snapshot) => this.#take(snapshot))
    queue.onSettled((entry) => this.#settle(entry))
    return queue
  }

  #take(snapshot: Snapshot) {
    for (const entry of snapshot.entries) {
      this.#shares.set(entry.id, shareOfEntry(entry))
      if (entry.assetId && entry.source) rememberFile(entry.assetId, entry.source.file)
    }
    if (snapshot.entries.length > this.snapshot.entries.length) this.isPanelOpen = true
    this.snapshot = snapshot
    library.timelines.photos.setLocal(this.#tilesOf(snapshot.entries))
  }

  #tilesOf(entries: readonly Entry[]): TimelineAsset[] {
    const before = this.#tiles
    this.#tiles = new Map()
    const tiles: TimelineAsset[] = []
    for (const entry of entries) {
      if (this.#arrived.has(entry.id)) continue
      const known = before.get(entry.id)
      const isSame = known?.tile !== undefined && known.entry.state === entry.state
      const tile = isSame ? known.tile : tileOfEntry(entry)
      this.#tiles.set(entry.id, { entry, tile })
      if (tile) tiles.push(tile)
      const file = entry.source?.file
      if (tile && file) rememberFile(tile.id, file)
    }
    return tiles
  }

  #settle(entry: Entry) {
    const localDateTime = entry.claims?.localDateTime ?? entry.claims?.fileCreatedAt
    if (entry.state !== 'done' || localDateTime === undefined) return
    this.#months.add(monthKeyOf(Date.parse(localDateTime)))
    this.#refresh ??= setTimeout(() => void this.#refreshMonths(), REFRESH_MS)
  }

  async #refreshMonths() {
    const months = [...this.#months]
    this.#months.clear()
    const { photos } = library.timelines
    const done = this.snapshot.entries.filter(({ state }) => state === 'done')
    if (!(await photos.refreshMonths(months))) {
      // Until the server can tell of them, what has been sent is shown from here.
      for (const month of months) this.#months.add(month)
      this.#refresh = setTimeout(() => void this.#refreshMonths(), REFRESH_AGAIN_MS)
      return
    }
    for (const { id, assetId } of done) this.#arrived.set(id, assetId ?? '')
    photos.setLocal(this.#tilesOf(this.snapshot.entries))
    photos.hurry()
    void session.refreshUser()
    this.#refresh =
      this.#months.size > 0 ? setTimeout(() => void this.#refreshMonths(), REFRESH_MS) : undefined
  }
}

export const uploads = new Uploads()
