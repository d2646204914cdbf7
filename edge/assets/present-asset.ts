import type {
  AssetResponseDto,
  AssetStatesResponseDto,
  ExifResponseDto,
} from '#contracts/api/assets.ts'
import { base64Of } from '#contracts/checksum.ts'
import type { AssetExif, AssetState, AssetWithExif } from '#db/queries/assets.ts'
import { presentPerson } from '../people/present-person.ts'

function presentExif(exif: AssetExif): ExifResponseDto {
  return {
    city: exif.city,
    country: exif.country,
    dateTimeOriginal: exif.dateTimeOriginal?.toISOString() ?? null,
    description: exif.description,
    exifImageHeight: exif.exifImageHeight,
    exifImageWidth: exif.exifImageWidth,
    exposureTime: exif.exposureTime,
    fNumber: exif.fNumber,
    fileSizeInByte: exif.fileSizeBytes,
    focalLength: exif.focalLength,
    iso: exif.iso,
    latitude: exif.latitude,
    lensModel: exif.lensModel,
    longitude: exif.longitude,
    make: exif.make,
    model: exif.model,
    modifyDate: exif.modifyDate?.toISOString() ?? null,
    orientation: exif.orientation,
    projectionType: exif.projectionType,
    rating: exif.rating,
    state: exif.state,
    timeZone: exif.timeZone,
  }
}

export function presentAsset(asset: AssetWithExif): AssetResponseDto {
  return {
    id: asset.id,
    ownerId: asset.ownerId,
    type: asset.type,
    checksum: base64Of(asset.checksum),
    createdAt: asset.createdAt.toISOString(),
    updatedAt: asset.updatedAt.toISOString(),
    fileCreatedAt: asset.fileCreatedAt.toISOString(),
    fileModifiedAt: asset.fileModifiedAt.toISOString(),
    localDateTime: asset.localDateTime.toISOString(),
    duration: asset.durationMs,
    ...(asset.exif && { exifInfo: presentExif(asset.exif) }),
    hasMetadata: true,
    height: asset.height,
    width: asset.width,
    isArchived: asset.visibility === 'archive',
    isEdited: false,
    isFavorite: asset.isFavorite,
    isOffline: asset.isOffline,
    isTrashed: asset.status === 'trashed',
    libraryId: null,
    livePhotoVideoId: asset.livePhotoVideoId,
    duplicateId: null,
    originalFileName: asset.originalFileName,
    originalMimeType: asset.originalMimeType,
    // There is no file system: the object's key stands for the path.
    originalPath: asset.originalKey,
    people: (asset.people ?? []).map(presentPerson),
    tags: [],
    resized: asset.thumbnailedAt !== null,
    thumbhash: asset.thumbhash && base64Of(asset.thumbhash),
    visibility: asset.visibility,
    failureReason: asset.failureReason,
  }
}

export function presentState(state: AssetState): AssetStatesResponseDto['states'][number] {
  const { id, thumbhash, width, height, failureReason } = state
  const made = state.thumbnailedAt ? 'ready' : 'processing'
  return {
    id,
    state: failureReason === null ? made : 'failed',
    reason: failureReason,
    thumbhash: thumbhash && base64Of(thumbhash),
    width,
    height,
  }
}
