import type { AssetResponseDto } from '#contracts/api/assets.ts'
import type { ServerConfigDto } from '#contracts/api/server.ts'
import { callApi } from './api/http.ts'
import { monthKeyOf } from './format/dates.ts'
import { library } from './library.svelte.ts'
import { people } from './people/people.svelte.ts'
import { realtime } from './realtime/realtime.svelte.ts'
import { session } from './session.svelte.ts'
import { signedUrls } from './thumbs/pictures.ts'
import { changeEverywhere } from './timeline/change-everywhere.ts'
import type { TimelineAsset } from './timeline/timeline-asset.ts'
import { assetDetails } from './viewer/asset-details.svelte.ts'
import { assetOfDetails } from './viewer/asset-of-details.ts'

/** What comes at once is asked for at once; in a long import never more often than the longer of these. */
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 4_000

/** Months in which something is new, of all pages, gathered and asked for together. */
class Freshness {
  #months = new Set<string>()
  #isEverything = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #waitMs = FIRST_WAIT_MS

  months(...keys: string[]) {
    for (const key of keys) this.#months.add(key)
    this.#schedule()
  }

  everything() {
    this.#isEverything = true
    this.#schedule()
  }

  #schedule() {
    this.#timer ??= setTimeout(() => void this.#run(), this.#waitMs)
  }

  async #run() {
    const months = [...this.#months]
    const isEverything = this.#isEverything
    this.#months.clear()
    this.#isEverything = false
    await Promise.all(
      library.datedSources.map(async (source) => {
        if (source.status !== 'ready') return source.markStale()
        await (isEverything ? source.reload() : source.refreshMonths(months))
      }),
    )
    this.#timer = undefined
    const isBusy = this.#months.size > 0 || this.#isEverything
    this.#waitMs = isBusy ? Math.min(LONGEST_WAIT_MS, this.#waitMs * 2) : FIRST_WAIT_MS
    if (isBusy) this.#schedule()
  }
}

const freshness = new Freshness()

/** The gallery follows what the server tells. Answers how to stop. */
export function followNews(): () => void {
  const stops = [
    realtime.onEvent('on_asset_processing', ({ id, localDateTime }) =>
      becomes(id, localDateTime, { isMetadataRead: true }),
    ),
    realtime.onEvent('on_asset_failed', ({ id, localDateTime, reason }) =>
      becomes(id, localDateTime, { condition: 'failed', failureReason: reason }),
    ),
    realtime.onEvent('on_upload_success', show),
    realtime.onEvent('on_asset_update', show),
    realtime.onEvent('on_asset_trash', (ids) => move(ids, true)),
    realtime.onEvent('on_asset_restore', (ids) => move(ids, false)),
    realtime.onEvent('on_asset_delete', remove),
    realtime.onEvent('on_asset_hidden', remove),
    realtime.onEvent('on_timeline_change', () => freshness.everything()),
    realtime.onEvent('on_person_thumbnail', (id) => void people.refresh(id)),
    realtime.onEvent('on_config_update', () => void readConfig()),
    // Any call finds out that the session is over.
    realtime.onEvent(
      'on_session_delete',
      () => void callApi('GET', '/api/sessions').catch(() => {}),
    ),
    realtime.onCatchUp(() => freshness.everything()),
  ]
  void realtime.connect()
  return () => {
    for (const stop of stops) stop()
    realtime.disconnect()
  }
}

/** An asset's work went on. Its day may have become known by that, and with it another month. */
function becomes(id: string, localDateTime: string, facts: Partial<TimelineAsset>) {
  const known = library.find(id)
  const month = monthKeyOf(Date.parse(localDateTime))
  if (!known) return freshness.months(month)
  for (const source of library.sources) {
    source.patch(new Set([id]), (asset) => ({ ...asset, ...facts }))
  }
  const before = monthKeyOf(known.localMs)
  if (before !== month) freshness.months(before, month)
}

function show(details: AssetResponseDto) {
  const asset = assetOfDetails(details)
  const known = library.find(asset.id)
  signedUrls.forget(asset.id)
  assetDetails.forget(asset.id)
  if (!known || known.localMs !== asset.localMs) {
    const months = [asset, ...(known ? [known] : [])].map(({ localMs }) => monthKeyOf(localMs))
    freshness.months(...months)
  }
  if (!known) return
  const { isFavorite, visibility, isTrashed } = asset
  changeEverywhere(library.sources, [known], {
    facts: { isFavorite, visibility, isTrashed },
    // A heart that was taken away here is seen on its page a little longer.
    isLeaving: known.isTrashed !== isTrashed || known.visibility !== visibility,
  })
  for (const source of library.sources) {
    source.patch(new Set([asset.id]), (one) => ({ ...one, ...asset, localMs: one.localMs }))
  }
}

function move(ids: string[], isTrashed: boolean) {
  const known = ids.map((id) => library.find(id)).filter((asset) => asset !== undefined)
  const moved = known.filter((asset) => asset.isTrashed !== isTrashed)
  changeEverywhere(library.sources, moved, { facts: { isTrashed }, isLeaving: true })
  // What no page knows may still have to appear on one.
  if (known.length < ids.length) freshness.everything()
}

function remove(id: string) {
  for (const source of library.sources) source.take(new Set([id]))
}

async function readConfig() {
  try {
    session.config = await callApi<ServerConfigDto>('GET', '/api/server/config')
  } catch {
    // The next visit reads it.
  }
}
