import { z } from 'zod'
import { AlbumId, AssetId, PersonId } from '../ids.ts'
import { AlbumResponseDto } from './albums.ts'
import { AssetVisibility } from './asset-statistics.ts'
import { AssetOrder, AssetResponseDto, AssetTypeEnum } from './assets.ts'
import { instant, queryBoolean, wholeNumber } from './common.ts'

const MAX_IDS = 1000
/** No more is taken where words become a vector either. */
const MAX_TEXT = 10_000

/** Postgres stores no NUL, so none is ever found. */
const text = z
  .string()
  .max(MAX_TEXT)
  .regex(/^[^\0]*$/, 'must have no NUL')
const textOrNone = text.nullable().optional()
const ids = <Id extends z.ZodType>(id: Id) => z.array(id).max(MAX_IDS)

/** Older clients send -1 for what has no rating. */
const unrated = (value: number | null) => (value === -1 ? null : value)
const rating = z.number().int().min(-1).max(5).nullable().transform(unrated).optional()

/** `null` asks for what has none. What a client sends beyond this is ignored. */
const filters = {
  albumIds: ids(AlbumId).optional(),
  city: textOrNone,
  country: textOrNone,
  createdAfter: instant.optional(),
  createdBefore: instant.optional(),
  isEncoded: z.boolean().optional(),
  isFavorite: z.boolean().optional(),
  isMotion: z.boolean().optional(),
  isNotInAlbum: z.boolean().optional(),
  isOffline: z.boolean().optional(),
  lensModel: textOrNone,
  libraryId: z.uuid().nullable().optional(),
  make: textOrNone,
  model: textOrNone,
  ocr: text.optional(),
  personIds: ids(PersonId).optional(),
  rating,
  state: textOrNone,
  tagIds: ids(z.uuid()).nullable().optional(),
  takenAfter: instant.optional(),
  takenBefore: instant.optional(),
  trashedAfter: instant.optional(),
  trashedBefore: instant.optional(),
  type: AssetTypeEnum.optional(),
  updatedAfter: instant.optional(),
  updatedBefore: instant.optional(),
  visibility: AssetVisibility.optional(),
}

const MAX_SIZE = 1000
const size = z.number().int().min(1).max(MAX_SIZE).optional()
const paging = {
  page: z.number().int().min(1).optional(),
  /** Ours and newer clients': `nextCursor` of the answer before. Unlike a page it neither skips nor repeats. */
  cursor: z.string().max(500).optional(),
}
const whole = {
  withDeleted: z.boolean().optional(),
  withExif: z.boolean().optional(),
}

export const MetadataSearchDto = z
  .object({
    ...filters,
    ...paging,
    ...whole,
    size,
    checksum: text.optional(),
    description: text.optional(),
    encodedVideoPath: text.optional(),
    id: AssetId.optional(),
    order: AssetOrder.default('desc'),
    originalFileName: text.optional(),
    originalPath: text.optional(),
    previewPath: text.optional(),
    thumbnailPath: text.optional(),
    withPeople: z.boolean().optional(),
    withStacked: z.boolean().optional(),
  })
  .meta({ id: 'MetadataSearchDto' })
export type MetadataSearchDto = z.output<typeof MetadataSearchDto>

export const MetadataSearchQuery = z.object({
  key: z.string().optional(),
  slug: z.string().optional(),
})

export const SmartSearchDto = z
  .object({
    ...filters,
    ...paging,
    ...whole,
    size,
    /** In which the query is written, as `de` or `pt-BR`; models of many languages use it. */
    language: z.string().max(35).optional(),
    query: text.optional(),
    queryAssetId: AssetId.optional(),
  })
  .meta({ id: 'SmartSearchDto' })
export type SmartSearchDto = z.output<typeof SmartSearchDto>

export const RandomSearchDto = z
  .object({
    ...filters,
    ...whole,
    size,
    withPeople: z.boolean().optional(),
    withStacked: z.boolean().optional(),
  })
  .meta({ id: 'RandomSearchDto' })

export const StatisticsSearchDto = z
  .object({ ...filters, description: text.optional() })
  .meta({ id: 'StatisticsSearchDto' })

/** The filters once more as they stand in a query string, where lists repeat and the text `null` cannot be told. */
const number = z.string().regex(/^-?\d{1,16}$/, 'must be a whole number')
const whole16 = number.transform(Number).meta({ openapi: { type: 'integer' } })
const orNone = { openapi: { type: 'integer', nullable: true } }
const listed = <List extends z.ZodType>(list: List) =>
  z.preprocess(
    (value) => (value === undefined || Array.isArray(value) ? value : [value]),
    list.optional(),
  )

export const LargeAssetsQuery = z.object({
  ...filters,
  albumIds: listed(ids(AlbumId)),
  personIds: listed(ids(PersonId)),
  tagIds: listed(ids(z.uuid()).nullable()),
  isEncoded: queryBoolean.optional(),
  isFavorite: queryBoolean.optional(),
  isMotion: queryBoolean.optional(),
  isNotInAlbum: queryBoolean.optional(),
  isOffline: queryBoolean.optional(),
  withDeleted: queryBoolean.optional(),
  withExif: queryBoolean.optional(),
  rating: number
    .transform(Number)
    .pipe(z.number().min(-1).max(5))
    .transform(unrated)
    .meta(orNone)
    .optional(),
  minFileSize: whole16.pipe(z.number().min(0)).optional(),
  size: whole16.pipe(z.number().min(1).max(MAX_SIZE)).optional(),
})

export const PersonSearchQuery = z.object({ name: text, withHidden: queryBoolean.optional() })

export const SearchSuggestionType = z
  .enum(['country', 'state', 'city', 'camera-make', 'camera-model', 'camera-lens-model'])
  .meta({ id: 'SearchSuggestionType' })
export type SearchSuggestionType = z.infer<typeof SearchSuggestionType>

export const SuggestionsQuery = z.object({
  type: SearchSuggestionType,
  country: text.optional(),
  includeNull: queryBoolean.optional(),
  lensModel: text.optional(),
  make: text.optional(),
  model: text.optional(),
  state: text.optional(),
})

export const PlacesQuery = z.object({ name: text })

const SearchFacetCountResponseDto = z
  .object({ count: wholeNumber, value: z.string() })
  .meta({ id: 'SearchFacetCountResponseDto' })

const SearchFacetResponseDto = z
  .object({ counts: z.array(SearchFacetCountResponseDto), fieldName: z.string() })
  .meta({ id: 'SearchFacetResponseDto' })

const found = { count: wholeNumber, total: wholeNumber, facets: z.array(SearchFacetResponseDto) }

export const SearchResponseDto = z
  .object({
    albums: z
      .object({ ...found, items: z.array(AlbumResponseDto) })
      .meta({ id: 'SearchAlbumResponseDto' }),
    assets: z
      .object({
        ...found,
        items: z.array(AssetResponseDto),
        /** The number of the next page, as text, or null after the last. */
        nextPage: z.string().nullable(),
        nextCursor: z.string().nullable(),
      })
      .meta({ id: 'SearchAssetResponseDto' }),
  })
  .meta({ id: 'SearchResponseDto' })
export type SearchResponseDto = z.infer<typeof SearchResponseDto>

export const SearchStatisticsResponseDto = z
  .object({ total: z.number().int() })
  .meta({ id: 'SearchStatisticsResponseDto' })

export const SearchExploreResponseDto = z
  .object({
    fieldName: z.string(),
    items: z.array(
      z.object({ data: AssetResponseDto, value: z.string() }).meta({ id: 'SearchExploreItem' }),
    ),
  })
  .meta({ id: 'SearchExploreResponseDto' })
export type SearchExploreResponseDto = z.infer<typeof SearchExploreResponseDto>

export const PlacesResponseDto = z
  .object({
    name: z.string(),
    latitude: z.number(),
    longitude: z.number(),
    admin1name: z.string().optional(),
    admin2name: z.string().optional(),
  })
  .meta({ id: 'PlacesResponseDto' })
export type PlacesResponseDto = z.infer<typeof PlacesResponseDto>
