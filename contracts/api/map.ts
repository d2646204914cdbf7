import { z } from 'zod'
import { AssetId } from '../ids.ts'

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
