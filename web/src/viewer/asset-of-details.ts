import type { AssetResponseDto } from '#contracts/api/assets.ts'
import { placeName } from '../format/exif.ts'
import type { TimelineAsset } from '../timeline/timeline-asset.ts'

/** An asset that stands in none of the loaded months, as a tile would show it. */
export function assetOfDetails(details: AssetResponseDto): TimelineAsset {
  const { id, width, height, failureReason } = details
  return {
    id,
    ratio: width && height ? width / height : 1,
    isImage: details.type === 'IMAGE',
    isFavorite: details.isFavorite,
    isTrashed: details.isTrashed,
    visibility: details.visibility,
    thumbhash: details.thumbhash,
    localMs: Date.parse(details.localDateTime),
    durationMs: details.duration,
    place: details.exifInfo ? placeName(details.exifInfo) : undefined,
    livePhotoVideoId: details.livePhotoVideoId ?? null,
    condition: failureReason
      ? 'failed'
      : details.resized || details.thumbhash
        ? 'ready'
        : 'processing',
    failureReason: failureReason ?? undefined,
    uploadId: undefined,
  }
}
