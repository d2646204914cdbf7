import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'bullmq'
import { sql } from 'drizzle-orm'
import type { QueueName } from '#contracts/jobs/define-job.ts'
import type { Db } from '#db/client.ts'
import { createCrashLedger } from './crash-ledger.ts'
import { createHeldJobs } from './held-jobs.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createProcessor } from './process-job.ts'
import { type JobData, queueDefaults } from './queue-options.ts'
import type { Handlers, JobRecord, RecordFailure } from './types.ts'
import { connectValkey, disconnectValkey } from './valkey.ts'

/** How long a killed worker's job stays unnoticed when nobody reaps it; longer than a ledger's sign of life. */
const LOCK_MS = 15_000
const LOCK_RENEW_MS = 5000
const STALLED_CHECK_MS = 5000
/** An idle queue is asked this often although nothing woke its worker: a Valkey that is killed can lose the wake-up. */
const IDLE_POLL_SECONDS = 5
const AFTER_CONNECTION_LOSS_MS = 1000
/** Stalls accuse nobody. See [Note: Who killed the worker]. */
const ANY_NUMBER_OF_STALLS = 1_000_000

const FINISH_LIMIT_MS = 8000
const ABORT_LIMIT_MS = 2000
const HEALTH_LIMIT_MS = 2000

type Options<Jobs extends JobRecord, Deps> = {
  jobs: Jobs
  handlers: Handlers<Jobs, Deps>
  deps: Deps
  db: Db
  valkey: { url: string; prefix: string }
  /** Jobs at once by queue; 1 where absent. */
  concurrency?: Partial<Record<QueueName, number>>
  /** Queues of which nothing is taken before `resume`. */
  paused?: QueueName[]
  log: Log
  recordFailure?: RecordFailure<Jobs, Deps>
  /** For tests. */
  timing?: { lockMs?: number; stalledCheckMs?: number; waitInPlaceMs?: number }
}

export type WorkerHealth = { isHealthy: boolean; valkey: string; database: string; running: number }

/** Takes jobs from the queues that `jobs` name until `stop`. */
export function runWorker<Jobs extends JobRecord, Deps>(options: Options<Jobs, Deps>) {
  const { jobs, handlers, deps, db, log, concurrency = {}, timing = {} } = options
  const { prefix } = options.valkey
  const metrics = createMetrics()
  const valkey = connectValkey({ url: options.valkey.url, log })
  const workers = new Map<string, Worker<JobData, void>>()
  const isRunning = (id: string) => processor.isRunning(id)
  const held = createHeldJobs({ valkey, prefix, workers, isRunning })
  const { lockOwners, putBackOf } = held
  const ledger = createCrashLedger({ valkey, prefix, log, lockOwners, putBackOf })
  const processor = createProcessor({
    jobs,
    handlers,
    deps,
    db,
    ledger,
    log,
    metrics,
    recordFailure: options.recordFailure,
    waitInPlaceMs: timing.waitInPlaceMs,
  })

  ledger.start()
  for (const queue of new Set(Object.values(jobs).map((job) => job.queue)))
    workers.set(queue, open(queue))
  valkey.on('ready', () => {
    held
      .putBackUnheard()
      .catch((error) => log.debug({ err: error }, 'could not look for lost jobs'))
  })

  function open(queue: QueueName) {
    const lockMs = timing.lockMs ?? LOCK_MS
    const worker = new Worker<JobData, void>(
      queue,
      (job, token) => processor.process(job, token ?? ''),
      {
        ...queueDefaults(prefix),
        connection: valkey,
        concurrency: concurrency[queue] ?? 1,
        autorun: !options.paused?.includes(queue),
        lockDuration: lockMs,
        lockRenewTime: Math.min(LOCK_RENEW_MS, lockMs / 2),
        stalledInterval: timing.stalledCheckMs ?? STALLED_CHECK_MS,
        maxStalledCount: ANY_NUMBER_OF_STALLS,
        drainDelay: IDLE_POLL_SECONDS,
        runRetryDelay: AFTER_CONNECTION_LOSS_MS,
      },
    )
    worker.on('error', (error) => {
      // Valkey was away or emptied meanwhile: the job's row decides, and the connection has its own log line.
      log.debug({ err: error, queue }, 'BullMQ reports an error')
    })
    worker.on('stalled', (jobId) => log.warn({ jobId, queue }, 'a job lost its worker, runs again'))
    return worker
  }

  /**
   * This process takes no more jobs of the queue; others do. BullMQ may still hand over one for which it was already
   * waiting, so handlers that must not run meanwhile have to wait for themselves.
   */
  async function pause(queue: QueueName) {
    await workers.get(queue)?.pause(true)
  }

  async function resume(queue: QueueName) {
    await workers.get(queue)?.resume()
  }

  function setConcurrency(queue: QueueName, jobsAtOnce: number) {
    const worker = workers.get(queue)
    if (worker) worker.concurrency = jobsAtOnce
  }

  /** Finishes what runs, within the limit; then asks it to stop; then hands it back regardless. */
  async function stop({ finishLimitMs = FINISH_LIMIT_MS } = {}) {
    const closed = Promise.all([...workers.values()].map((worker) => worker.close()))
    const within = (limitMs: number) =>
      Promise.race([closed.then(() => true), delay(limitMs, false)])
    if (!(await within(finishLimitMs))) {
      for (const { controller } of processor.running()) controller.abort(new Error('shutting down'))
      if (!(await within(ABORT_LIMIT_MS))) await handBackRest()
    }
    await Promise.race([ledger.stop(), delay(ABORT_LIMIT_MS)])
    await disconnectValkey(valkey)
  }

  async function handBackRest() {
    const rest = processor.running()
    if (rest.length === 0 || valkey.status !== 'ready') return
    log.warn({ jobIds: rest.map(({ job }) => job.id) }, 'handed back while they still run')
    const returns = rest.map(({ job, token }) => job.moveToWait(token))
    await Promise.race([Promise.allSettled(returns), delay(ABORT_LIMIT_MS)])
  }

  async function health(): Promise<WorkerHealth> {
    const database = await Promise.race([
      db.execute(sql`select 1`).then(
        () => 'ok',
        () => 'unreachable',
      ),
      delay(HEALTH_LIMIT_MS, 'slow'),
    ])
    return {
      isHealthy: database === 'ok' && valkey.status === 'ready',
      valkey: valkey.status === 'ready' ? 'ok' : 'unreachable',
      database,
      running: processor.running().length,
    }
  }

  return { stop, health, pause, resume, setConcurrency, metrics, valkey }
}

export type RunningWorker = ReturnType<typeof runWorker>
