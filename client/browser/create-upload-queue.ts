import type { RetryPolicy } from '../retry.ts'
import { createUploadQueue } from '../upload-queue.ts'
import { createUploadsApi } from '../uploads-api.ts'
import { createBrowserPlatform } from './browser-platform.ts'
import { createIndexedDbStore } from './indexeddb-store.ts'

/** Over HTTP/1.1 a page has six connections to its server: two stay free for tiles and questions. */
const TRANSFERS = { start: 4, max: 4 }

export type BrowserQueueOptions = { userId: string; baseUrl?: string; retry?: RetryPolicy }

/** The page's upload queue. Requests carry the page's cookies. */
export function createBrowserUploadQueue({
  userId,
  baseUrl = location.origin,
  ...rest
}: BrowserQueueOptions) {
  return createUploadQueue({
    api: createUploadsApi({ baseUrl }),
    platform: createBrowserPlatform(),
    store: createIndexedDbStore(userId),
    transfers: TRANSFERS,
    ...rest,
  })
}
