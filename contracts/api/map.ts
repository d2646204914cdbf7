import { z } from 'zod'
import { AssetId } from '../ids.ts'
import { queryBoolean } from './common.ts'

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
  fileCreatedAfter: z.iso.datetime({ offset: true }).optional(),
  fileCreatedBefore: z.iso.datetime({ offset: true }).optional(),
  isArchived: queryBoolean.optional(),
  isFavorite: queryBoolean.optional(),
  withPartners: queryBoolean.optional(),
  withSharedAlbums: queryBoolean.optional(),
})
