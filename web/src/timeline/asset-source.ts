import type { TimeBucketsResponseDto } from '#contracts/api/timeline.ts'
import type { TimelineAsset } from './timeline-asset.ts'

export type Watcher = { monthsChanged: () => void; monthChanged: (key: string) => void }

/** What a grid, a selection and the viewer need of the assets they show, whoever found them. */
export type AssetSource = {
  /** By day and month, or one list in the order that somebody else chose. */
  readonly order: 'dated' | 'given'
  readonly status: 'idle' | 'loading' | 'ready' | 'failed'
  readonly failure: string
  readonly months: TimeBucketsResponseDto[]
  readonly total: number

  watch(watcher: Watcher): () => void
  open(): Promise<void>
  reload(): Promise<void>
  retry(): void
  markStale(): void
  /** The parts near the screen. */
  want(keys: string[]): void
  /** The end of what is known comes near. */
  wantMore?(): void

  assetsOf(key: string): TimelineAsset[] | undefined
  find(id: string): TimelineAsset | undefined
  monthOf(id: string): string | undefined
  loaded(key: string): Promise<TimelineAsset[]>
  neighbour(id: string, step: 1 | -1): Promise<TimelineAsset | undefined>
  edge(end: 'first' | 'last'): Promise<TimelineAsset | undefined>
  range(fromId: string, toId: string): Promise<string[]>
  /** Everything here, also what was never on the screen. */
  all(): Promise<string[]>

  /** Whether an asset as it is now may be shown here. */
  accepts(asset: TimelineAsset): boolean
  /** Whether every asset that it accepts is shown here, so that one may be put in without asking. */
  readonly isWhole: boolean
  patch(ids: ReadonlySet<string>, change: (asset: TimelineAsset) => TimelineAsset): void
  take(ids: ReadonlySet<string>): TimelineAsset[]
  put(assets: TimelineAsset[]): void
}
