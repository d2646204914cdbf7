import type { AssetVisibility } from '#contracts/api/asset-statistics.ts'
import type { TimeBucketAssetResponseDto } from '#contracts/api/timeline.ts'
import { dayKeyOf } from '../format/dates.ts'
import type { DayRange } from './month-layout.ts'

/** One tile: what a month's answer says of an asset, or what is known of one that is still on its way up. */
export type TimelineAsset = {
  id: string
  ratio: number
  isImage: boolean
  isFavorite: boolean
  isTrashed: boolean
  visibility: AssetVisibility
  thumbhash: string | null
  /** Wall-clock time where it was taken, as if it were UTC. */
  localMs: number
  durationMs: number | null
  place: string | undefined
  livePhotoVideoId: string | null
  condition: 'ready' | 'processing' | 'failed'
  failureReason: string | undefined
  /** Told while it is processed: only its pictures are still to be made. */
  isMetadataRead?: boolean
  /** The upload that brings it, while that is not over. */
  uploadId: string | undefined
}

const MS_PER_HOUR = 3_600_000

export function assetsOfBucket(bucket: TimeBucketAssetResponseDto): TimelineAsset[] {
  return bucket.id.map((id, index) => {
    const thumbhash = bucket.thumbhash[index] ?? null
    const failureReason = bucket.failureReason?.[index] ?? undefined
    const isReady = bucket.isThumbnailed?.[index] ?? thumbhash !== null
    const createdMs = Date.parse(bucket.fileCreatedAt[index] ?? '')
    const offsetMs = (bucket.localOffsetHours[index] ?? 0) * MS_PER_HOUR
    const place = [bucket.city?.[index], bucket.country?.[index]].filter(Boolean).join(', ')
    return {
      id,
      ratio: bucket.ratio[index] ?? 1,
      isImage: bucket.isImage[index] ?? true,
      isFavorite: bucket.isFavorite[index] ?? false,
      isTrashed: bucket.isTrashed[index] ?? false,
      visibility: bucket.visibility[index] ?? 'timeline',
      thumbhash,
      localMs: createdMs + offsetMs,
      durationMs: bucket.duration[index] ?? null,
      place: place || undefined,
      livePhotoVideoId: bucket.livePhotoVideoId[index] ?? null,
      condition: failureReason ? 'failed' : isReady ? 'ready' : 'processing',
      failureReason,
      uploadId: undefined,
    }
  })
}

/** Newest first. Ids break ties, so that equal moments do not change places from one answer to the next. */
export function byTime(a: TimelineAsset, b: TimelineAsset): number {
  return b.localMs - a.localMs || (a.id < b.id ? 1 : -1)
}

export function daysOf(assets: readonly TimelineAsset[]): DayRange[] {
  const days: DayRange[] = []
  for (const [index, asset] of assets.entries()) {
    const key = dayKeyOf(asset.localMs)
    const last = days.at(-1)
    if (last?.key === key) last.to = index + 1
    else days.push({ key, from: index, to: index + 1 })
  }
  return days
}

/** In an order that somebody else chose no day ends. */
export const asOneDay = (assets: readonly TimelineAsset[]): DayRange[] =>
  assets.length > 0 ? [{ key: '', from: 0, to: assets.length }] : []

/** Puts assets that are not in the list yet at their time. */
export function mergeAssets(
  known: readonly TimelineAsset[],
  added: readonly TimelineAsset[],
): TimelineAsset[] {
  const ids = new Set(known.map(({ id }) => id))
  const fresh = added.filter(({ id }) => !ids.has(id))
  if (fresh.length === 0) return [...known]
  return [...known, ...fresh].sort((a, b) => compareDays(b, a) || byTime(a, b))
}

function compareDays(a: TimelineAsset, b: TimelineAsset): number {
  return Math.floor(a.localMs / 86_400_000) - Math.floor(b.localMs / 86_400_000)
}
