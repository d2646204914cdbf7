import { z } from 'zod'
import { queryBoolean, wholeNumber } from './common.ts'

export const AssetVisibility = z
  .enum(['archive', 'timeline', 'hidden', 'locked'])
  .meta({ id: 'AssetVisibility' })
export type AssetVisibility = z.infer<typeof AssetVisibility>

export const AssetStatsQuery = z.object({
  isFavorite: queryBoolean.optional(),
  isTrashed: queryBoolean.optional(),
  visibility: AssetVisibility.optional(),
})
export type AssetStatsQuery = z.infer<typeof AssetStatsQuery>

export const AssetStatsResponseDto = z
  .object({ images: wholeNumber, videos: wholeNumber, total: wholeNumber })
  .meta({ id: 'AssetStatsResponseDto' })
export type AssetStatsResponseDto = z.infer<typeof AssetStatsResponseDto>
