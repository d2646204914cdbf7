import { AppError } from '#contracts/errors.ts'
import type { QueueName } from '#contracts/jobs/define-job.ts'
import {
  type Start,
  startFaceDetection,
  startFacialRecognition,
  startMetadataExtraction,
  startSmartSearch,
  startThumbnails,
} from '#db/queries/start-queue.ts'
import type { Deps } from '../deps.ts'

const STARTS: Partial<Record<QueueName, Start>> = {
  metadataExtraction: startMetadataExtraction,
  thumbnailGeneration: startThumbnails,
  smartSearch: startSmartSearch,
  faceDetection: startFaceDetection,
  facialRecognition: startFacialRecognition,
}

/** Gives a queue a job for each asset that lacks what it makes; forced, for every asset. */
export async function startQueue(
  { name, isForced }: { name: QueueName; isForced: boolean },
  { db, requestId }: Pick<Deps, 'db' | 'requestId'>,
): Promise<void> {
  const start = STARTS[name]
  if (!start) throw new AppError('bad_request', `There is nothing to start in the queue ${name}`)
  await start(db, { isForced, requestId })
}
