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

const BACKOFF = { type: 'exponential', delay: 2000, jitter: 0.25 }
/** Nobody reads the event streams; BullMQ keeps 10,000 entries of each queue otherwise. */
const EVENTS_KEPT = 100

export const queueDefaults = (prefix: string) => ({
  prefix,
  streams: { events: { maxLen: EVENTS_KEPT } },
})

/**
 * Failed jobs stand in the outbox, with their reason, and done ones nowhere: to remember those for a while costs Valkey
 * a fifth of its work. Who sends a row again therefore looks first whether it is still there.
 */
export function toQueueJob(row: OutboxJob): { name: string; data: JobData; opts: JobsOptions } {
  const { attempts, priority } = row
  return {
    name: row.name,
    data: { payload: row.payload, requestId: row.requestId },
    opts: {
      jobId: row.id,
      ...(priority > 0 && { priority }),
      ...(attempts > 1 && { attempts, backoff: BACKOFF }),
      removeOnComplete: true,
      removeOnFail: true,
    },
  }
}
