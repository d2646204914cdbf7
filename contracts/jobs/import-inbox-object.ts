import { z } from 'zod'
import { UserId } from '../ids.ts'
import { ownerOfInboxKey } from '../object-keys.ts'
import { defineJob } from './define-job.ts'

/** Looks at one object in an inbox: makes an asset of it and removes it, or says why it stays. */
export const importInboxObject = defineJob({
  name: 'import-inbox-object',
  queue: 'library',
  payload: z
    .object({ ownerId: UserId, objectKey: z.string().min(1).max(1024) })
    .refine(({ ownerId, objectKey }) => ownerOfInboxKey(objectKey) === ownerId, {
      message: 'the key must lie in the inbox of its owner',
    }),
  dedupeKey: ({ objectKey }) => objectKey,
  attempts: 8,
  priority: 10,
})
