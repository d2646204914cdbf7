import { z } from 'zod'
import { AssetId, FaceId, PersonId } from '../ids.ts'
import { wholeNumber } from './common.ts'
import { PersonResponseDto } from './people.ts'

export const SourceType = z.enum(['machine-learning', 'exif', 'manual']).meta({ id: 'SourceType' })

const pixels = z.number().int()

/** The box is in pixels of a picture of `imageWidth` × `imageHeight`, as shown. */
export const AssetFaceResponseDto = z
  .object({
    id: FaceId,
    person: PersonResponseDto.nullable(),
    sourceType: SourceType,
    imageWidth: wholeNumber,
    imageHeight: wholeNumber,
    boundingBoxX1: pixels,
    boundingBoxY1: pixels,
    boundingBoxX2: pixels,
    boundingBoxY2: pixels,
  })
  .meta({ id: 'AssetFaceResponseDto' })
export type AssetFaceResponseDto = z.infer<typeof AssetFaceResponseDto>

/** `id` is the asset's. */
export const FacesQuery = z.object({ id: AssetId })
export const FaceParams = z.object({ id: FaceId })

/** No picture is wider, and Postgres holds the sum of two. */
const MAX_PIXELS = 1_000_000
const place = z.number().int().min(-MAX_PIXELS).max(MAX_PIXELS)
const length = z.number().int().min(1).max(MAX_PIXELS)

export const AssetFaceCreateDto = z
  .object({
    assetId: AssetId,
    personId: PersonId,
    x: place,
    y: place,
    width: length,
    height: length,
    imageWidth: length,
    imageHeight: length,
  })
  .refine(
    ({ x, y, width, height, imageWidth, imageHeight }) =>
      x < imageWidth && y < imageHeight && x + width > 0 && y + height > 0,
    'the box lies outside the picture',
  )
  .meta({ id: 'AssetFaceCreateDto' })
export type AssetFaceCreateDto = z.infer<typeof AssetFaceCreateDto>

/** Without force the face is kept aside, so that detection does not bring it back. */
export const AssetFaceDeleteDto = z
  .object({ force: z.boolean() })
  .meta({ id: 'AssetFaceDeleteDto' })

export const FaceDto = z.object({ id: FaceId }).meta({ id: 'FaceDto' })
