import type { JobsOptions } from 'bullmq'

/** What lies in a BullMQ job beside its name and id. */
export type JobData = { payload: unknown; requestId: string | null }

type OutboxJob = {
  id: string
  name: string
  payload: Record<string, unknown>
  requestId: string | null
  attempts: number
  priority: number
}

const RETRY_BASE_MS = 2000
/** Nobody reads the event streams; BullMQ keeps 10,000 entries of each queue otherwise. */
const EVENTS_KEPT = 100

/**
 * A done job is remembered for a while, so that a row which the dispatcher read just before the worker deleted it
 * is recognised by its id when it arrives. The count bounds Valkey's memory.
 */
const REMEMBER_DONE = { age: 60, count: 20_000 }

export const queueDefaults = (prefix: string) => ({
  prefix,
  streams: { events: { maxLen: EVENTS_KEPT } },
})

/** Failed jobs stand in the outbox, with their reason, not in Valkey. */
export function toQueueJob(row: OutboxJob): { name: string; data: JobData; opts: JobsOptions } {
  return {
    name: row.name,
    data: { payload: row.payload, requestId: row.requestId },
    opts: {
      jobId: row.id,
      attempts: row.attempts,
      priority: row.priority,
      backoff: { type: 'exponential', delay: RETRY_BASE_MS, jitter: 0.25 },
      removeOnComplete: REMEMBER_DONE,
      removeOnFail: true,
    },
  }
}
