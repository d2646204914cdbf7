import { z } from 'zod'
import { defineJob } from './define-job.ts'

/** Deletes assets that have lain in the trash for longer than the configured number of days. */
export const emptyExpiredTrash = defineJob({
  name: 'empty-expired-trash',
  queue: 'backgroundTask',
  payload: z.object({}),
  dedupeKey: () => 'all',
  attempts: 3,
})
