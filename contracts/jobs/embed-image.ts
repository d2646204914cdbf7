import { z } from 'zod'
import { AssetId } from '../ids.ts'
import { defineJob } from './define-job.ts'

/** The vector by which words find the picture. */
export const embedImage = defineJob({
  name: 'embed-image',
  queue: 'smartSearch',
  payload: z.object({ assetId: AssetId }),
  dedupeKey: ({ assetId }) => assetId,
  attempts: 5,
})
