import { z } from 'zod'
import { AlbumId, AssetId, PersonId, UserId } from '../ids.ts'
import { AssetVisibility } from './asset-statistics.ts'
import { AssetOrder } from './assets.ts'
import { queryBoolean } from './common.ts'

export const AssetOrderBy = z.enum(['takenAt', 'createdAt']).meta({ id: 'AssetOrderBy' })

const BoundingBoxText = z
  .string()
  .regex(/^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$/, 'must be west,south,east,north')
  .transform((text) => {
    const [west = 0, south = 0, east = 0, north = 0] = text.split(',').map(Number)
    return { west, south, east, north }
  })
  .refine(({ south, north }) => south <= north, 'south lies north of north')

const timelineQuery = {
  albumId: AlbumId.optional(),
  bbox: BoundingBoxText.optional(),
  isFavorite: queryBoolean.optional(),
  isTrashed: queryBoolean.optional(),
  order: AssetOrder.default('desc'),
  orderBy: AssetOrderBy.default('takenAt'),
  personId: PersonId.optional(),
  tagId: z.uuid().optional(),
  userId: UserId.optional(),
  visibility: AssetVisibility.optional(),
  withCoordinates: queryBoolean.optional(),
  withPartners: queryBoolean.optional(),
  withStacked: queryBoolean.optional(),
  key: z.string().optional(),
  slug: z.string().optional(),
}

export const TimeBucketsQuery = z.object(timelineQuery)
export type TimeBucketsQuery = z.output<typeof TimeBucketsQuery>

export const TimeBucketQuery = z.object({
  ...timelineQuery,
  /** Any day of the month; Immich's clients send the first. */
  timeBucket: z
    .string()
    .regex(
      /^[+-]?\d{4,6}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])/,
      'must be a date such as 2024-01-01',
    ),
})
export type TimeBucketQuery = z.output<typeof TimeBucketQuery>

export const TimeBucketsResponseDto = z
  .object({ timeBucket: z.string(), count: z.number().int() })
  .meta({ id: 'TimeBucketsResponseDto' })
export type TimeBucketsResponseDto = z.infer<typeof TimeBucketsResponseDto>

const column = <Type extends z.ZodType>(type: Type) => z.array(type)
const Text = z.string().nullable()

/** Columns of equal length. `isThumbnailed` and `failureReason` are ours; the rest is Immich's. */
export const TimeBucketAssetResponseDto = z
  .object({
    id: column(AssetId),
    ownerId: column(UserId),
    ratio: column(z.number()),
    isFavorite: column(z.boolean()),
    isImage: column(z.boolean()),
    isTrashed: column(z.boolean()),
    visibility: column(AssetVisibility),
    thumbhash: column(Text),
    /** UTC. */
    fileCreatedAt: column(z.string()),
    createdAt: column(z.string()),
    localOffsetHours: column(z.number()),
    duration: column(z.number().int().nullable()),
    projectionType: column(Text),
    livePhotoVideoId: column(AssetId.nullable()),
    city: column(Text).optional(),
    country: column(Text).optional(),
    latitude: column(z.number().nullable()).optional(),
    longitude: column(z.number().nullable()).optional(),
    stack: column(z.array(z.string()).nullable()).optional(),
    isThumbnailed: column(z.boolean()),
    failureReason: column(Text),
  })
  .meta({ id: 'TimeBucketAssetResponseDto' })
export type TimeBucketAssetResponseDto = z.infer<typeof TimeBucketAssetResponseDto>
