import { z } from 'zod'
import { AssetId, PersonId } from '../ids.ts'
import { queryBoolean, wholeNumber } from './common.ts'

export const PersonParams = z.object({ id: PersonId })

export const PersonResponseDto = z
  .object({
    id: PersonId,
    name: z.string(),
    birthDate: z.iso.date().nullable(),
    /** There is no file system: the object's key stands for the path. Empty while there is none. */
    thumbnailPath: z.string(),
    isHidden: z.boolean(),
    isFavorite: z.boolean(),
    color: z.string().optional(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'PersonResponseDto' })
export type PersonResponseDto = z.infer<typeof PersonResponseDto>

export const PeopleResponseDto = z
  .object({
    people: z.array(PersonResponseDto),
    /** Of all that may be listed, whether asked for or not. */
    total: wholeNumber,
    hidden: wholeNumber,
    hasNextPage: z.boolean(),
  })
  .meta({ id: 'PeopleResponseDto' })
export type PeopleResponseDto = z.infer<typeof PeopleResponseDto>

const queryNumber = ({ max, start }: { max: number; start: number }) =>
  z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(max)
    .default(start)
    .meta({ openapi: { type: 'integer' } })

const MAX_PAGE = 1_000_000

export const PeopleQuery = z.object({
  page: queryNumber({ max: MAX_PAGE, start: 1 }),
  size: queryNumber({ max: 1000, start: 500 }),
  withHidden: queryBoolean.optional(),
  /** The most similar first, below favorites. */
  closestPersonId: PersonId.optional(),
  closestAssetId: AssetId.optional(),
})

/** Postgres stores no NUL. */
const Name = z
  .string()
  .max(1000)
  .regex(/^[^\0]*$/, 'must have no NUL')

const isPast = (date: string) => date <= new Date().toISOString().slice(0, 10)

/** What a person says of somebody; absent members stay as they are. */
const about = {
  name: Name.optional(),
  birthDate: z.iso
    .date()
    .refine(isPast, 'Birth date cannot be in the future')
    .nullable()
    .optional(),
  isHidden: z.boolean().optional(),
  isFavorite: z.boolean().optional(),
  color: z
    .string()
    .regex(/^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$/)
    .nullable()
    .optional(),
}
/** The asset whose face becomes the cover. */
const featureFaceAssetId = AssetId.optional()

export const PersonCreateDto = z.object(about).meta({ id: 'PersonCreateDto' })
export type PersonCreateDto = z.infer<typeof PersonCreateDto>

export const PersonUpdateDto = z
  .object({ ...about, featureFaceAssetId })
  .meta({ id: 'PersonUpdateDto' })
export type PersonUpdateDto = z.infer<typeof PersonUpdateDto>

/** So many of one request that a statement each stays bearable. */
const MAX_PEOPLE = 1000

export const PeopleUpdateDto = z
  .object({
    people: z
      .array(
        z.object({ ...about, featureFaceAssetId, id: PersonId }).meta({ id: 'PeopleUpdateItem' }),
      )
      .max(MAX_PEOPLE),
  })
  .meta({ id: 'PeopleUpdateDto' })

export const MergePersonDto = z
  .object({ ids: z.array(PersonId).max(MAX_PEOPLE) })
  .meta({ id: 'MergePersonDto' })

export const AssetFaceUpdateDto = z
  .object({
    data: z
      .array(z.object({ assetId: AssetId, personId: PersonId }).meta({ id: 'AssetFaceUpdateItem' }))
      .max(MAX_PEOPLE),
  })
  .meta({ id: 'AssetFaceUpdateDto' })

export const PersonStatisticsResponseDto = z
  .object({ assets: z.number().int() })
  .meta({ id: 'PersonStatisticsResponseDto' })

/** Immich's clients change it when the thumbnail changes. */
export const PersonThumbnailQuery = z.object({ updatedAt: z.string().optional() })
