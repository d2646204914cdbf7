import { z } from 'zod'
import { AssetId } from '../ids.ts'
import { defineJob } from './define-job.ts'

/** Boxes and vectors of the faces in the picture; whose they are is `recognize-faces`' to say. */
export const detectFaces = defineJob({
  name: 'detect-faces',
  queue: 'faceDetection',
  payload: z.object({ assetId: AssetId }),
  dedupeKey: ({ assetId }) => assetId,
  attempts: 5,
})
