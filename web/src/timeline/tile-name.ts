import { formatFullDay, formatTime } from '../format/dates.ts'
import { formatDuration } from '../format/sizes.ts'
import type { TimelineAsset } from './timeline-asset.ts'

/** What a screen reader says of a tile: kind, day, time, place, then what is special about it. */
export function tileName(asset: TimelineAsset): string {
  const kind = kindWords(asset)
  const moment = `${formatFullDay(asset.localMs)}, ${formatTime(asset.localMs)}`
  return [kind, moment, asset.place, asset.isFavorite ? 'favourite' : '', conditionWords(asset)]
    .filter(Boolean)
    .join(', ')
}

function kindWords({ isImage, livePhotoVideoId, durationMs }: TimelineAsset): string {
  if (isImage) return livePhotoVideoId === null ? 'Photo' : 'Live photo'
  return durationMs === null ? 'Video' : `Video, ${formatDuration(durationMs)}`
}

function conditionWords(asset: TimelineAsset): string {
  if (asset.uploadId !== undefined) return 'uploading'
  if (asset.condition === 'processing') return asset.isMetadataRead ? 'nearly there' : 'processing'
  if (asset.condition === 'failed') return `cannot be shown: ${asset.failureReason}`
  return ''
}
