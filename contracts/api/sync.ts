import { z } from 'zod'
import { AssetId, UserId } from '../ids.ts'
import { AssetVisibility } from './asset-statistics.ts'
import { AssetTypeEnum } from './assets.ts'

const instant = z.iso.datetime().nullable()
const text = z.string().nullable()
const count = z.number().int().nullable()
const number = z.number().nullable()

/** What Immich's apps keep of an asset. Every member is there; null is what nobody knows. */
export const SyncAssetV2 = z
  .object({
    id: AssetId,
    ownerId: UserId,
    checksum: z.string(),
    createdAt: instant,
    deletedAt: instant,
    duration: count,
    fileCreatedAt: instant,
    fileModifiedAt: instant,
    height: count,
    isEdited: z.boolean(),
    isFavorite: z.boolean(),
    libraryId: text,
    livePhotoVideoId: text,
    localDateTime: instant,
    originalFileName: z.string(),
    stackId: text,
    thumbhash: text,
    type: AssetTypeEnum,
    visibility: AssetVisibility,
    width: count,
  })
  .meta({ id: 'SyncAssetV2' })
export type SyncAssetV2 = z.infer<typeof SyncAssetV2>

export const SyncAssetExifV1 = z
  .object({
    assetId: AssetId,
    city: text,
    country: text,
    dateTimeOriginal: instant,
    description: text,
    exifImageHeight: count,
    exifImageWidth: count,
    exposureTime: text,
    fNumber: number,
    fileSizeInByte: count,
    focalLength: number,
    fps: number,
    iso: count,
    latitude: number,
    lensModel: text,
    longitude: number,
    make: text,
    model: text,
    modifyDate: instant,
    orientation: text,
    profileDescription: text,
    projectionType: text,
    rating: count,
    state: text,
    timeZone: text,
  })
  .meta({ id: 'SyncAssetExifV1' })
export type SyncAssetExifV1 = z.infer<typeof SyncAssetExifV1>
