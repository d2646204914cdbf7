import { z } from 'zod'
import { AssetId } from '../ids.ts'
import { instant, queryBoolean } from './common.ts'

const placeName = z.string().nullable()

export const MapMarkerResponseDto = z
  .object({
    id: AssetId,
    lat: z.number(),
    lon: z.number(),
    city: placeName,
    state: placeName,
    country: placeName,
  })
  .meta({ id: 'MapMarkerResponseDto' })
export type MapMarkerResponseDto = z.infer<typeof MapMarkerResponseDto>

export const MapMarkersQuery = z.object({
  fileCreatedAfter: instant.optional(),
  fileCreatedBefore: instant.optional(),
  isArchived: queryBoolean.optional(),
  isFavorite: queryBoolean.optional(),
  withPartners: queryBoolean.optional(),
  withSharedAlbums: queryBoolean.optional(),
})
