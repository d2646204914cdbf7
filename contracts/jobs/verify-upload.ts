import { z } from 'zod'
import { UploadId } from '../ids.ts'
import { defineJob } from './define-job.ts'

/** Hashes an uploaded object whose SHA-1 the store cannot prove, and makes the asset only if it agrees. */
export const verifyUpload = defineJob({
  name: 'verify-upload',
  queue: 'backgroundTask',
  payload: z.object({ uploadId: UploadId }),
  dedupeKey: ({ uploadId }) => uploadId,
  attempts: 10,
  priority: 0,
})
