import { z } from 'zod'
import { AssetId } from '../ids.ts'
import { defineJob } from './define-job.ts'

export const extractMetadata = defineJob({
  name: 'extract-metadata',
  queue: 'metadataExtraction',
  payload: z.object({ assetId: AssetId }),
  dedupeKey: ({ assetId }) => assetId,
  attempts: 5,
})
