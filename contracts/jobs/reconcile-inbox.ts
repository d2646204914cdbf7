import { z } from 'zod'
import { defineJob } from './define-job.ts'

/** Compares all inboxes with what is known of them: what no event told of is found here. */
export const reconcileInbox = defineJob({
  name: 'reconcile-inbox',
  queue: 'library',
  payload: z.object({}),
  dedupeKey: () => 'all',
  attempts: 3,
})
