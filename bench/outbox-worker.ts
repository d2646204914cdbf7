import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { z } from 'zod'
import { defineJob } from '#contracts/jobs/define-job.ts'
import { connectPg } from '#db/node.ts'
import { createLog } from '#workers/runtime/log.ts'
import { runWorker } from '#workers/runtime/run-worker.ts'

/** Takes the jobs of `outbox.ts`, as Tintype's workers do, or as BullMQ alone does: `node outbox-worker.ts tintype|bare`. */
export const BENCH_QUEUE = 'search'
export const CONCURRENCY = 100
export const benchJob = defineJob({
  name: 'bench',
  queue: BENCH_QUEUE,
  payload: z.object({ number: z.number() }),
  attempts: 1,
})

if (process.argv[1] === import.meta.filename) {
  const { APP_DATABASE_URL = '', VALKEY_URL = '', BENCH_PREFIX = '' } = process.env
  if (process.argv[2] === 'bare') {
    const connection = new Redis(VALKEY_URL, { maxRetriesPerRequest: null })
    new Worker(BENCH_QUEUE, async () => {}, {
      connection,
      prefix: BENCH_PREFIX,
      concurrency: CONCURRENCY,
    })
  } else {
    runWorker({
      jobs: { bench: benchJob },
      handlers: { bench: async () => {} },
      deps: {},
      db: connectPg({ url: APP_DATABASE_URL, max: 4 }),
      valkey: { url: VALKEY_URL, prefix: BENCH_PREFIX },
      concurrency: { [BENCH_QUEUE]: CONCURRENCY },
      log: createLog({ process: 'bench', level: 'error' }),
    })
  }
  process.send?.('ready')
}
