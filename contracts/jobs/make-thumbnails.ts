import { z } from 'zod'
import { AssetId } from '../ids.ts'
import { defineJob } from './define-job.ts'

export const makeThumbnails = defineJob({
  name: 'make-thumbnails',
  queue: 'thumbnailGeneration',
  payload: z.object({ assetId: AssetId }),
  dedupeKey: ({ assetId }) => assetId,
  attempts: 5,
})
