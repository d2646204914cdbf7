import { type JobsOptions, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { allJobs } from '#contracts/jobs/all.ts'
import type { QueueName } from '#contracts/jobs/define-job.ts'
import type { OutboxJob } from '#db/queries/outbox.ts'
import { type JobData, queueDefaults, toQueueJob } from '#workers/runtime/queue-options.ts'

type JobQueue = Queue<JobData, void, string>

export type Queues = ReturnType<typeof openQueues>

/** Queues that have jobs; an open one costs memory, and most of Immich's names have none here. */
export const queuesWithJobs: QueueName[] = [
  ...new Set(Object.values(allJobs).map((job) => job.queue)),
]

const WAITING = ['wait', 'prioritized'] as const

/** BullMQ's queues on one connection, opened when first needed. */
export function openQueues({ valkey, prefix }: { valkey: Redis; prefix: string }) {
  const opened = new Map<string, JobQueue>()

  function queueOf(name: string): JobQueue {
    const queue: JobQueue =
      opened.get(name) ?? new Queue(name, { ...queueDefaults(prefix), connection: valkey })
    if (!opened.has(name)) {
      queue.on('error', () => {}) // the connection has its own log line
      opened.set(name, queue)
    }
    return queue
  }

  /** Puts rows into their queues. What is there already stays as it is. */
  async function add(rows: OutboxJob[]): Promise<void> {
    const byQueue = Map.groupBy(rows, (row) => row.queue)
    await Promise.all(
      [...byQueue].map(([name, group]) => {
        const jobs: { name: string; data: JobData; opts: JobsOptions }[] = group.map(toQueueJob)
        return queueOf(name).addBulk(jobs)
      }),
    )
  }

  /** The rows whose job is in no state at all: neither waiting nor running. */
  async function missing(rows: OutboxJob[]): Promise<OutboxJob[]> {
    const lookUp = valkey.pipeline()
    for (const { queue, id } of rows) lookUp.exists(`${prefix}:${queue}:${id}`)
    const results = (await lookUp.exec()) ?? []
    const failed = results.find(([error]) => error)
    if (failed) throw failed[0]
    return rows.filter((_, index) => results[index]?.[1] === 0)
  }

  async function count(name: QueueName) {
    const queue = queueOf(name)
    const [counts, isPaused] = await Promise.all([
      queue.getJobCounts(...WAITING, 'active', 'delayed', 'completed'),
      queue.isPaused(),
    ])
    const { wait = 0, prioritized = 0, active = 0, delayed = 0, completed = 0 } = counts
    return { waiting: wait + prioritized, active, delayed, completed, isPaused }
  }

  return {
    add,
    missing,
    count,
    pause: (name: QueueName) => queueOf(name).pause(),
    resume: (name: QueueName) => queueOf(name).resume(),
    listActiveIds: (name: QueueName) => queueOf(name).getRanges(['active']),
    drain: (name: QueueName) => queueOf(name).drain(true),
    list: (name: QueueName, states: Parameters<JobQueue['getJobs']>[0], limit: number) =>
      queueOf(name).getJobs(states, 0, limit - 1, true),
    close: () => Promise.allSettled([...opened.values()].map((queue) => queue.close())),
  }
}
