import { z } from 'zod'
import { AssetId } from '../ids.ts'
import { defineJob } from './define-job.ts'

/** Removes a deleted asset's objects, then its row. */
export const deleteAsset = defineJob({
  name: 'delete-asset',
  queue: 'backgroundTask',
  payload: z.object({ assetId: AssetId }),
  dedupeKey: ({ assetId }) => assetId,
  attempts: 10,
})
