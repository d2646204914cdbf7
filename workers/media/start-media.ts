import { mediaJobs } from '#contracts/jobs/all.ts'
import type { Db } from '#db/client.ts'
import type { NodeStorage } from '#storage/node.ts'
import { serveInternal } from '#workers/runtime/internal-http.ts'
import type { Log } from '#workers/runtime/log.ts'
import type { Pusher } from '#workers/runtime/push.ts'
import { runWorker } from '#workers/runtime/run-worker.ts'
import { createExiftool } from '#workers/tools/exiftool.ts'
import type { MediaDeps } from './deps.ts'
import { handlers } from './handlers.ts'
import { createOriginals } from './originals.ts'
import { recordFailure } from './record-failure.ts'
import { openTempFolder } from './temp-folder.ts'

type Options = {
  db: Db
  storage: NodeStorage
  valkey: { url: string; prefix: string }
  http: { host: string; port: number; secret: string }
  tempRoot: string
  pusher: Pusher
  /** Pictures decoded at once: one thread each. */
  concurrency: number
  log: Log
  clock?: () => Date
}

const BACKGROUND_TASKS = 3
/** Imports of dropped objects mostly wait for the store. */
const DROPPED_AT_ONCE = 8

/** Works on media until `stop`. */
export async function startMedia(options: Options) {
  const { db, storage, pusher, log, concurrency, clock = () => new Date() } = options
  const temp = await openTempFolder(options.tempRoot)
  // Extraction runs ahead of thumbnails anyway; one reader leaves the cores to them.
  const exiftool = createExiftool({ maxProcesses: Math.ceil(concurrency / 2) })
  const originals = createOriginals({ storage, temp })
  const deps: MediaDeps = { db, storage, exiftool, originals, temp, pusher, clock }
  const worker = runWorker({
    jobs: mediaJobs,
    handlers,
    deps,
    db,
    valkey: options.valkey,
    concurrency: {
      thumbnailGeneration: concurrency,
      metadataExtraction: Math.ceil(concurrency / 2),
      backgroundTask: BACKGROUND_TASKS,
      library: DROPPED_AT_ONCE,
    },
    log,
    recordFailure,
  })
  const server = await serveInternal({
    ...options.http,
    routes: {
      'GET /health': async () => {
        const health = await worker.health()
        return { status: health.isHealthy ? 200 : 503, body: health }
      },
      'GET /metrics': async () => ({ body: worker.metrics.render() }),
    },
    log,
  })
  return {
    port: server.port,
    async stop() {
      await worker.stop()
      await Promise.all([server.close(), exiftool.close(), pusher.close()])
      storage.close()
      await temp.remove()
    },
  }
}
