import { z } from 'zod'
import { PersonId } from '../ids.ts'
import { defineJob } from './define-job.ts'

/** Chooses a face for the person's cover if it has none that may be shown, and makes its thumbnail. */
export const makePersonThumbnail = defineJob({
  name: 'make-person-thumbnail',
  queue: 'thumbnailGeneration',
  payload: z.object({ personId: PersonId }),
  dedupeKey: ({ personId }) => personId,
  attempts: 5,
})
