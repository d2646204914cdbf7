import { z } from 'zod'
import { UserId } from '../ids.ts'
import { defineJob } from './define-job.ts'

/** Removes a user who is marked as removed: every asset with its objects, then the row. */
export const deleteUser = defineJob({
  name: 'delete-user',
  queue: 'backgroundTask',
  payload: z.object({ userId: UserId }),
  dedupeKey: ({ userId }) => userId,
  attempts: 10,
})
