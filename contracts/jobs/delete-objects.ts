import { z } from 'zod'
import { defineJob } from './define-job.ts'

/** Removes objects that no row names any more. The handler checks that again before it deletes. */
export const deleteObjects = defineJob({
  name: 'delete-objects',
  queue: 'backgroundTask',
  payload: z.object({ keys: z.array(z.string().min(1)).min(1).max(1000) }),
  attempts: 10,
})
