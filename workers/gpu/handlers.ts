import type { gpuJobs } from '#contracts/jobs/all.ts'
import type { Handlers } from '#workers/runtime/types.ts'
import type { GpuDeps } from './deps.ts'
import { handleDetectFaces } from './jobs/detect-faces.ts'
import { handleEmbedImage } from './jobs/embed-image.ts'
import { handleRecognizeFaces } from './jobs/recognize-faces.ts'

export const handlers: Handlers<typeof gpuJobs, GpuDeps> = {
  'embed-image': handleEmbedImage,
  'detect-faces': handleDetectFaces,
  'recognize-faces': handleRecognizeFaces,
}
