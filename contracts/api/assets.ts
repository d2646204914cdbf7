import { z } from 'zod'
import { AssetId, UserId } from '../ids.ts'
import { AssetVisibility } from './asset-statistics.ts'
import { queryBoolean } from './common.ts'
import { PersonResponseDto } from './people.ts'

export const AssetTypeEnum = z
  .enum(['IMAGE', 'VIDEO', 'AUDIO', 'OTHER'])
  .meta({ id: 'AssetTypeEnum' })
export const AssetOrder = z.enum(['asc', 'desc']).meta({ id: 'AssetOrder' })
export const AssetMediaSize = z
  .enum(['original', 'fullsize', 'preview', 'thumbnail'])
  .meta({ id: 'AssetMediaSize' })
export type AssetMediaSize = z.infer<typeof AssetMediaSize>

export const AssetParams = z.object({ id: AssetId })

const instant = z.iso.datetime()
const text = z.string().nullable()
const count = z.number().int().nullable()
const number = z.number().nullable()

export const ExifResponseDto = z
  .object({
    city: text,
    country: text,
    dateTimeOriginal: instant.nullable(),
    description: text,
    exifImageHeight: count,
    exifImageWidth: count,
    exposureTime: text,
    fNumber: number,
    fileSizeInByte: count,
    focalLength: number,
    iso: count,
    latitude: number,
    lensModel: text,
    longitude: number,
    make: text,
    model: text,
    modifyDate: instant.nullable(),
    orientation: text,
    projectionType: text,
    rating: count,
    state: text,
    timeZone: text,
  })
  .meta({ id: 'ExifResponseDto' })
export type ExifResponseDto = z.infer<typeof ExifResponseDto>

/** Immich's, with what the library does not know yet as empty; `failureReason` is ours. */
export const AssetResponseDto = z
  .object({
    id: AssetId,
    ownerId: UserId,
    type: AssetTypeEnum,
    checksum: z.string(),
    createdAt: instant,
    updatedAt: instant,
    fileCreatedAt: instant,
    fileModifiedAt: instant,
    localDateTime: instant,
    duration: count,
    exifInfo: ExifResponseDto.optional(),
    hasMetadata: z.boolean(),
    height: count,
    width: count,
    isArchived: z.boolean(),
    isEdited: z.boolean(),
    isFavorite: z.boolean(),
    isOffline: z.boolean(),
    isTrashed: z.boolean(),
    libraryId: text,
    livePhotoVideoId: AssetId.nullable(),
    duplicateId: text,
    originalFileName: z.string(),
    originalMimeType: z.string(),
    originalPath: z.string(),
    people: z.array(PersonResponseDto),
    tags: z.array(z.unknown()).max(0),
    resized: z.boolean(),
    thumbhash: text,
    visibility: AssetVisibility,
    failureReason: text,
  })
  .meta({ id: 'AssetResponseDto' })
export type AssetResponseDto = z.infer<typeof AssetResponseDto>

const Rating = z.number().int().min(-1).max(5).nullable()

/** `2024-05-01T12:00:00.000+02:00`, with Z, or a wall clock without a zone. */
const TakenAt = z.iso.datetime({ offset: true, local: true })

/** Postgres stores no NUL. */
const storable = z
  .string()
  .max(100_000)
  .regex(/^[^\0]*$/, 'must have no NUL')

const changes = {
  dateTimeOriginal: TakenAt.optional(),
  description: storable.optional(),
  isFavorite: z.boolean().optional(),
  latitude: z.number().min(-90).max(90).optional(),
  longitude: z.number().min(-180).max(180).optional(),
  rating: Rating.optional(),
  visibility: AssetVisibility.optional(),
}

const isWholePlace = ({ latitude, longitude }: { latitude?: number; longitude?: number }) =>
  (latitude === undefined) === (longitude === undefined)
const wholePlace = 'latitude and longitude come together'

export const UpdateAssetDto = z
  .object({ ...changes, livePhotoVideoId: AssetId.nullable().optional() })
  .refine(isWholePlace, wholePlace)
  .meta({ id: 'UpdateAssetDto' })
export type UpdateAssetDto = z.infer<typeof UpdateAssetDto>

/** So many ids of one request that a person's selection fits and a statement stays small. */
const MAX_IDS = 100_000
const AssetIds = z.array(AssetId).max(MAX_IDS)

export const AssetBulkUpdateDto = z
  .object({
    ...changes,
    ids: AssetIds,
    dateTimeRelative: z.number().int().optional(),
    duplicateId: z.string().nullable().optional(),
    timeZone: z.string().max(64).optional(),
  })
  .refine(isWholePlace, wholePlace)
  .meta({ id: 'AssetBulkUpdateDto' })
export type AssetBulkUpdateDto = z.infer<typeof AssetBulkUpdateDto>

export const AssetBulkDeleteDto = z
  .object({ ids: AssetIds, force: z.boolean().optional() })
  .meta({ id: 'AssetBulkDeleteDto' })

const shared = { key: z.string().optional(), slug: z.string().optional() }

export const AssetThumbnailQuery = z.object({
  ...shared,
  size: AssetMediaSize.optional(),
  edited: queryBoolean.optional(),
  /** Immich's clients change it when the thumbhash changes. */
  c: z.string().optional(),
})
export const AssetOriginalQuery = z.object({ ...shared, edited: queryBoolean.optional() })

export const AssetBulkUploadCheckDto = z
  .object({
    assets: z
      .array(
        z.object({ id: z.string(), checksum: z.string() }).meta({ id: 'AssetBulkUploadCheckItem' }),
      )
      .max(MAX_IDS),
  })
  .meta({ id: 'AssetBulkUploadCheckDto' })

export const AssetBulkUploadCheckResult = z
  .object({
    id: z.string(),
    action: z.enum(['accept', 'reject']).meta({ id: 'AssetUploadAction' }),
    reason: z
      .enum(['duplicate', 'unsupported-format'])
      .meta({ id: 'AssetRejectReason' })
      .optional(),
    assetId: AssetId.optional(),
    isTrashed: z.boolean().optional(),
  })
  .meta({ id: 'AssetBulkUploadCheckResult' })
export type AssetBulkUploadCheckResult = z.infer<typeof AssetBulkUploadCheckResult>

export const AssetBulkUploadCheckResponseDto = z
  .object({ results: z.array(AssetBulkUploadCheckResult) })
  .meta({ id: 'AssetBulkUploadCheckResponseDto' })

export const AssetMediaResponseDto = z
  .object({
    id: AssetId,
    status: z.enum(['created', 'duplicate']).meta({ id: 'AssetMediaStatus' }),
  })
  .meta({ id: 'AssetMediaResponseDto' })
export type AssetMediaResponseDto = z.infer<typeof AssetMediaResponseDto>

const BOOLEANS: Record<string, boolean> = { true: true, false: false, '1': true, '0': false }

/** Form fields are text, whatever the client means. */
const formBoolean = z
  .string()
  .transform((text) => BOOLEANS[text.toLowerCase()])
  .pipe(z.boolean('must be true or false'))

const CLOCK = /^(\d+):([0-5]?\d):([0-5]?\d(?:\.\d+)?)$/

/** Milliseconds; older clients send `H:MM:SS.ffffff`. */
const formDuration = z
  .string()
  .transform((text) => {
    const clock = CLOCK.exec(text)
    if (!clock) return Math.round(Number(text))
    const [hours = 0, minutes = 0, seconds = 0] = clock.slice(1).map(Number)
    return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000)
  })
  .pipe(z.number().int().nonnegative().max(2_147_483_647))

// What both Postgres and an ISO date of four digits can hold.
const FIRST_DAY = new Date('0001-01-01T00:00:00Z')
const LAST_DAY = new Date('9999-12-31T00:00:00Z')

const formDate = z
  .string()
  .transform((text) => new Date(text))
  .pipe(z.date('must be a date').min(FIRST_DAY).max(LAST_DAY))

const absentWhenEmpty = <Field extends z.ZodType>(field: Field) =>
  z.preprocess((value) => (value === '' ? undefined : value), field.optional())

/** The text fields of `POST /api/assets`; what else a client sends is ignored. */
export const AssetMediaCreateFields = z.object({
  fileCreatedAt: formDate,
  fileModifiedAt: formDate,
  filename: absentWhenEmpty(z.string().max(1024)),
  duration: absentWhenEmpty(formDuration),
  isFavorite: absentWhenEmpty(formBoolean),
  visibility: absentWhenEmpty(AssetVisibility),
  livePhotoVideoId: absentWhenEmpty(AssetId),
})
export type AssetMediaCreateFields = z.output<typeof AssetMediaCreateFields>

const file = z.string().meta({ format: 'binary' })

/** The whole form as the OpenAPI document tells it; what is read of it is `AssetMediaCreateFields` and the files. */
export const AssetMediaCreateDto = z
  .object({
    assetData: file,
    sidecarData: file.optional(),
    fileCreatedAt: instant,
    fileModifiedAt: instant,
    filename: z.string().optional(),
    duration: z.number().int().nonnegative().optional(),
    isFavorite: z.boolean().optional(),
    visibility: AssetVisibility.optional(),
    livePhotoVideoId: AssetId.optional(),
    metadata: z
      .array(
        z
          .object({ key: z.string(), value: z.record(z.string(), z.unknown()) })
          .meta({ id: 'AssetMetadataUpsertItemDto' }),
      )
      .optional(),
  })
  .meta({ id: 'AssetMediaCreateDto' })

/** `POST /api/assets/states` (ours): how far the work on assets is, for tiles without a thumbnail. */
export const AssetStatesDto = z.object({ ids: z.array(AssetId).min(1).max(500) })
export const AssetStatesResponseDto = z.object({
  /** What is not the viewer's is absent. */
  states: z.array(
    z.object({
      id: AssetId,
      state: z.enum(['processing', 'ready', 'failed']),
      /** Why there will be no thumbnail, in words for the owner. */
      reason: text,
      thumbhash: text,
      width: count,
      height: count,
    }),
  ),
})
export type AssetStatesResponseDto = z.infer<typeof AssetStatesResponseDto>
