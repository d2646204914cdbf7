import { z } from 'zod'
import { UserId } from '../ids.ts'
import { defineJob } from './define-job.ts'

/** Says who the faces are that nobody has looked at yet: one job for all of an owner's, recorded beside new vectors. */
export const recognizeFaces = defineJob({
  name: 'recognize-faces',
  queue: 'facialRecognition',
  payload: z.object({ ownerId: UserId }),
  dedupeKey: ({ ownerId }) => ownerId,
  attempts: 5,
})
