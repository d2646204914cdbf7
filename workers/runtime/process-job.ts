import { DelayedError, type Job as QueueJob, UnrecoverableError, WaitingError } from 'bullmq'
import { PermanentError } from '#contracts/errors.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { Db } from '#db/client.ts'
import { deleteJobsById, markJobFailed } from '#db/queries/outbox.ts'
import type { CrashLedger } from './crash-ledger.ts'
import { createFinisher } from './finisher.ts'
import { type Log, withoutSecrets } from './log.ts'
import type { Metrics } from './metrics.ts'
import { OutageError, throughOutages } from './outage.ts'
import type { JobData } from './queue-options.ts'
import type { FailureKind, Handlers, JobFailure, JobRecord, RecordFailure } from './types.ts'

const AFTER_LONG_OUTAGE_MS = 30_000
/** A job that has waited for a store for so long is tried like any other that fails. */
const OUTAGES_FORGIVEN_FOR_MS = 24 * 60 * 60 * 1000
const MAX_REASON_LENGTH = 2000

const KILLED_WORKER =
  'The server crashed each time it worked on this file, so the file was set aside.'

type Options<Jobs extends JobRecord, Deps> = {
  jobs: Jobs
  handlers: Handlers<Jobs, Deps>
  deps: Deps
  db: Db
  ledger: CrashLedger
  log: Log
  metrics: Metrics
  recordFailure: RecordFailure<Jobs, Deps> | undefined
  waitInPlaceMs?: number | undefined
}

type Delivery = QueueJob<JobData>
type Running = { job: Delivery; token: string; controller: AbortController; done: Promise<void> }

export type Processor = ReturnType<typeof createProcessor>

/** What stands between BullMQ and the handlers: acknowledging, retrying, giving up, handing back. */
export function createProcessor<Jobs extends JobRecord, Deps>(options: Options<Jobs, Deps>) {
  const { jobs, handlers, deps, db, ledger, metrics, recordFailure, waitInPlaceMs } = options
  const running = new Map<string, Running>()
  const finish = createFinisher((ids) => deleteJobsById(db, ids))
  const countOutcome = metrics.counter('tintype_jobs_total', 'Jobs by how a try ended')
  const countSeconds = metrics.counter('tintype_job_seconds_total', 'Time spent in handlers')

  /** A job that comes again while it still runs here (its lock ran out, Valkey was emptied) shares that run. */
  function process(job: Delivery, token: string): Promise<void> {
    const id = job.id ?? ''
    const same = running.get(id)
    if (same) return same.done
    const controller = new AbortController()
    const done = runOnce(job, token, controller).finally(() => running.delete(id))
    running.set(id, { job, token, controller, done })
    return done
  }

  async function runOnce(job: Delivery, token: string, controller: AbortController) {
    const id = job.id ?? ''
    const { requestId } = job.data
    const log = options.log.child({ requestId, jobId: id, job: job.name })
    if (job.stalledCounter > 0) await ledger.reap()
    const stay = await ledger.begin({ id, hasStartedBefore: job.attemptsStarted > 1 })
    const startedAt = performance.now()
    try {
      if (stay.mustBeSetAside)
        await giveUp(job, { kind: 'killed_worker', reason: KILLED_WORKER, log })
      await runHandler(job, { log, signal: controller.signal })
      await throughOutages(() => finish(id), { log, waitInPlaceMs })
      countOutcome({ queue: job.queueName, job: job.name, outcome: 'done' })
    } catch (error) {
      throw await settle(error, { job, token, log, signal: controller.signal })
    } finally {
      countSeconds({ queue: job.queueName, job: job.name }, (performance.now() - startedAt) / 1000)
      stay.end()
    }
  }

  async function runHandler(job: Delivery, { log, signal }: { log: Log; signal: AbortSignal }) {
    signal.throwIfAborted()
    const definition = jobs[job.name]
    const handler = handlers[job.name]
    if (!definition || !handler) throw new Error(`this worker knows no job ${job.name}`)
    const parsed = definition.payload.safeParse(job.data.payload)
    if (!parsed.success)
      throw new PermanentError(`the payload is not understood: ${parsed.error.message}`)
    // The name and the payload that its definition parsed belong together; the compiler cannot follow that.
    const payload = parsed.data as PayloadOf<Jobs[string]>
    const { requestId } = job.data
    const context = { log, requestId, signal, attempt: job.attemptsMade + 1 }
    await throughOutages(() => handler(payload, deps, context), { log, signal, waitInPlaceMs })
  }

  type Ended = { job: Delivery; token: string; log: Log; signal: AbortSignal }

  /** Decides what an error means and answers with the one that tells BullMQ. */
  async function settle(error: unknown, { job, token, log, signal }: Ended): Promise<unknown> {
    const outcome = (name: string) =>
      countOutcome({ queue: job.queueName, job: job.name, outcome: name })
    if (error instanceof UnrecoverableError) {
      outcome('failed')
      return error
    }
    if (signal.aborted) {
      await job.moveToWait(token)
      outcome('handed_back')
      log.info('handed back')
      return new WaitingError()
    }
    const ageMs = Date.now() - job.timestamp
    if (error instanceof OutageError && ageMs < OUTAGES_FORGIVEN_FOR_MS) {
      await job.moveToDelayed(Date.now() + AFTER_LONG_OUTAGE_MS, token)
      outcome('postponed')
      log.warn({ err: error }, 'a store stays unreachable, the job comes later')
      return new DelayedError()
    }
    const reason = reasonOf(error)
    const attempts = job.opts.attempts ?? 1
    const isLast = job.attemptsMade + 1 >= attempts
    if (error instanceof PermanentError || isLast) {
      const kind = error instanceof PermanentError ? 'permanent' : 'exhausted'
      log.error({ err: error, kind }, 'failed for good')
      outcome('failed')
      return await giveUp(job, { kind, reason, log }).catch((thrown: unknown) => thrown)
    }
    outcome('retried')
    log.warn({ err: error, attempt: job.attemptsMade + 1, attempts }, 'failed, will be tried again')
    return error
  }

  type GivenUp = { kind: FailureKind; reason: string; log: Log }

  async function giveUp(job: Delivery, { kind, reason, log }: GivenUp): Promise<never> {
    const id = job.id ?? ''
    await throughOutages(
      async () => {
        const isRecorded = await record(job, { kind, reason, log })
        if (kind === 'permanent' && isRecorded) await finish(id)
        else await markJobFailed(db, { id, reason })
      },
      { log, waitInPlaceMs },
    )
    throw new UnrecoverableError(reason)
  }

  async function record(job: Delivery, { kind, reason, log }: GivenUp): Promise<boolean> {
    const payload = jobs[job.name]?.payload.safeParse(job.data.payload)
    if (!recordFailure || !payload?.success) return false
    // As above.
    const failure = { job: job.name, payload: payload.data, kind, reason } as JobFailure<Jobs>
    return await recordFailure(failure, deps, { log })
  }

  return {
    process,
    isRunning: (id: string) => running.has(id),
    running: () => [...running.values()],
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return withoutSecrets(message).slice(0, MAX_REASON_LENGTH)
}
