import type { z } from 'zod'
import type { QueueName } from '#contracts/jobs/define-job.ts'
import type { Log } from './log.ts'

/** What `defineJob` makes, as far as running it needs to know. */
export type Job = { name: string; queue: QueueName; payload: z.ZodType; attempts: number }

/** A group of `contracts/jobs/all.ts`: job definitions by name. */
export type JobRecord = Record<string, Job>

export type JobContext = {
  log: Log
  /** Of the request that began it all; goes with every job that follows. */
  requestId: string | null
  /** Aborted when the process has to stop before the job is done. Throw then: the job is handed back. */
  signal: AbortSignal
  /** 1 for the first try. */
  attempt: number
}

export type Handler<J extends Job, Deps> = (
  payload: z.output<J['payload']>,
  deps: Deps,
  context: JobContext,
) => Promise<unknown>

export type Handlers<Jobs extends JobRecord, Deps> = {
  [Name in keyof Jobs]: Handler<Jobs[Name], Deps>
}

/** Why a job is not tried any more. */
export type FailureKind = 'permanent' | 'exhausted' | 'killed_worker'

export type JobFailure<Jobs extends JobRecord> = {
  [Name in keyof Jobs & string]: {
    job: Name
    payload: z.output<Jobs[Name]['payload']>
    kind: FailureKind
    /** In words that a person understands where kind is not `exhausted`. */
    reason: string
  }
}[keyof Jobs & string]

/**
 * Writes the reason where a person will see it and answers whether it now stands there. If so, a permanent
 * failure is finished; all others also stay visible as failed jobs, to be retried by hand.
 */
export type RecordFailure<Jobs extends JobRecord, Deps> = (
  failure: JobFailure<Jobs>,
  deps: Deps,
  context: Pick<JobContext, 'log'>,
) => Promise<boolean>
