import type { AssetId } from '#contracts/ids.ts'
import type { JobMessage, QueueName } from '#contracts/jobs/define-job.ts'
import { detectFaces } from '#contracts/jobs/detect-faces.ts'
import { embedImage } from '#contracts/jobs/embed-image.ts'
import type { SystemConfig } from '#contracts/system-config.ts'
import type { ModelKind } from './inference/engine.ts'

type Kind = {
  queue: QueueName
  jobName: string
  messageFor: (assetId: AssetId) => JobMessage
  settingsIn: (config: SystemConfig) => { enabled: boolean; modelName: string }
  concurrencyIn: (config: SystemConfig) => number
}

/** What each kind of model works on, and where its settings stand. */
export const kinds: Record<ModelKind, Kind> = {
  clip: {
    queue: embedImage.queue,
    jobName: embedImage.name,
    messageFor: (assetId) => embedImage.message({ assetId }),
    settingsIn: ({ machineLearning }) => machineLearning.clip,
    concurrencyIn: ({ job }) => job.smartSearch.concurrency,
  },
  face: {
    queue: detectFaces.queue,
    jobName: detectFaces.name,
    messageFor: (assetId) => detectFaces.message({ assetId }),
    settingsIn: ({ machineLearning }) => machineLearning.facialRecognition,
    concurrencyIn: ({ job }) => job.faceDetection.concurrency,
  },
}

export const modelKinds: ModelKind[] = ['clip', 'face']
