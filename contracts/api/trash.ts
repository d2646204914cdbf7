import { z } from 'zod'
import { AssetId } from '../ids.ts'

export const BulkIdsDto = z
  .object({ ids: z.array(AssetId).max(100_000) })
  .meta({ id: 'BulkIdsDto' })

export const TrashResponseDto = z
  .object({ count: z.number().int() })
  .meta({ id: 'TrashResponseDto' })
