import { z } from 'zod'
import { defineJob } from './define-job.ts'

/** Completes uploads that arrived whole without `complete`, and clears away what was never finished. */
export const sweepUploads = defineJob({
  name: 'sweep-uploads',
  queue: 'backgroundTask',
  payload: z.object({}),
  dedupeKey: () => 'all',
  attempts: 3,
})
