import type { SyncAssetExifV1, SyncAssetV2 } from '#contracts/api/sync.ts'
import { base64Of } from '#contracts/checksum.ts'
import type { AssetNews, EventName, ServerEvents } from '#contracts/events.ts'
import type { AssetExif, AssetWithExif } from '#db/queries/assets.ts'
import { presentAsset } from '../assets/present-asset.ts'

export type Event = { [Name in EventName]: { name: Name; args: ServerEvents[Name] } }[EventName]

const iso = (instant: Date | null) => instant?.toISOString() ?? null

export function presentSyncAsset(asset: AssetWithExif): SyncAssetV2 {
  return {
    id: asset.id,
    ownerId: asset.ownerId,
    checksum: base64Of(asset.checksum),
    createdAt: iso(asset.createdAt),
    deletedAt: iso(asset.trashedAt),
    duration: asset.durationMs,
    fileCreatedAt: iso(asset.fileCreatedAt),
    fileModifiedAt: iso(asset.fileModifiedAt),
    height: asset.height,
    isEdited: false,
    isFavorite: asset.isFavorite,
    libraryId: null,
    livePhotoVideoId: asset.livePhotoVideoId,
    localDateTime: iso(asset.localDateTime),
    originalFileName: asset.originalFileName,
    stackId: null,
    thumbhash: asset.thumbhash && base64Of(asset.thumbhash),
    type: asset.type,
    visibility: asset.visibility,
    width: asset.width,
  }
}

export function presentSyncExif(exif: AssetExif): SyncAssetExifV1 {
  return {
    assetId: exif.assetId,
    city: exif.city,
    country: exif.country,
    dateTimeOriginal: iso(exif.dateTimeOriginal),
    description: exif.description,
    exifImageHeight: exif.exifImageHeight,
    exifImageWidth: exif.exifImageWidth,
    exposureTime: exif.exposureTime,
    fNumber: exif.fNumber,
    fileSizeInByte: exif.fileSizeBytes,
    focalLength: exif.focalLength,
    fps: exif.fps,
    iso: exif.iso,
    latitude: exif.latitude,
    lensModel: exif.lensModel,
    longitude: exif.longitude,
    make: exif.make,
    model: exif.model,
    modifyDate: iso(exif.modifyDate),
    orientation: exif.orientation,
    profileDescription: exif.profileDescription,
    projectionType: exif.projectionType,
    rating: exif.rating,
    state: exif.state,
    timeZone: exif.timeZone,
  }
}

/** Motion halves of live photos and the like are no news of their own. */
const isShown = ({ visibility }: AssetWithExif) =>
  visibility === 'timeline' || visibility === 'archive'

/** The events that these news make, by what the asset's row says by now. */
export function assetEvents(news: AssetNews['news'], asset: AssetWithExif): Event[] {
  const { id, failureReason: reason } = asset
  const localDateTime = asset.localDateTime.toISOString()
  if (news === 'updated') return [{ name: 'on_asset_update', args: [presentAsset(asset)] }]
  if (!isShown(asset)) return []
  if (news === 'processing') {
    return [{ name: 'on_asset_processing', args: [{ id, localDateTime }] }]
  }
  if (news === 'failed') {
    if (reason === null) return []
    return [{ name: 'on_asset_failed', args: [{ id, localDateTime, reason }] }]
  }
  const ready: Event = { name: 'on_upload_success', args: [presentAsset(asset)] }
  if (!asset.exif) return [ready]
  const synced = { asset: presentSyncAsset(asset), exif: presentSyncExif(asset.exif) }
  return [ready, { name: 'AssetUploadReadyV2', args: [synced] }]
}
