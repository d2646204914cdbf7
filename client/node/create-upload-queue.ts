import { createMemoryStore } from '../memory-store.ts'
import type { RetryPolicy } from '../retry.ts'
import { createUploadQueue } from '../upload-queue.ts'
import type { UploadStore } from '../upload-types.ts'
import { createUploadsApi } from '../uploads-api.ts'
import { createNodePlatform } from './node-platform.ts'

export type NodeQueueOptions = {
  baseUrl: string
  /** An API key or a session token. */
  headers: Record<string, string>
  store?: UploadStore
  retry?: RetryPolicy
  transfers?: { start: number; max: number }
}

export function createNodeUploadQueue(options: NodeQueueOptions) {
  const { baseUrl, headers, store = createMemoryStore(), ...rest } = options
  return createUploadQueue({
    api: createUploadsApi({ baseUrl, headers }),
    platform: createNodePlatform(),
    store,
    transfers: { start: 4, max: 8 },
    ...rest,
  })
}
