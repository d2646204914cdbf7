import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { type QueueName, queueNames } from '#contracts/jobs/define-job.ts'
import type { PgDb } from '#db/node.ts'
import { listPausedQueues, updatePausedQueue } from '#db/queries/housekeeping.ts'
import {
  countJobsByQueue,
  deleteJobs,
  deleteUnfinishedJobs,
  listFailedJobs,
  retryFailedJobs,
} from '#db/queries/outbox.ts'
import {
  InternalHttpError,
  type InternalRequest,
  type InternalRoutes,
} from '#workers/runtime/internal-http.ts'
import type { Metrics } from '#workers/runtime/metrics.ts'
import { type Queues, queuesWithJobs } from './queues.ts'

const VALKEY_LIMIT_MS = 3000
const LIST_LIMIT = 1000

type Deps = {
  db: PgDb
  valkey: Redis
  queues: Queues
  metrics: Metrics
  wake: () => void
  /** Resolves when no claimed row is on its way into a queue. */
  settled: () => Promise<void>
}

/** In Immich's shape: its API passes this on. */
export type QueueFacts = {
  name: QueueName
  isPaused: boolean
  statistics: {
    active: number
    completed: number
    failed: number
    delayed: number
    waiting: number
    paused: number
  }
}

/** What the edge may ask and order about queues, so that it never speaks to Valkey. */
export function dispatcherRoutes({
  db,
  valkey,
  queues,
  metrics,
  wake,
  settled,
}: Deps): InternalRoutes {
  const setJobs = metrics.gauge('tintype_queue_jobs', 'Jobs by queue and state')

  async function describe(names: readonly QueueName[]): Promise<QueueFacts[]> {
    const [rows, paused] = await Promise.all([countJobsByQueue(db), listPausedQueues(db)])
    const describeOne = async (name: QueueName): Promise<QueueFacts> => {
      const row = rows.find(({ queue }) => queue === name)
      const inQueue = queuesWithJobs.includes(name) ? await queues.count(name) : undefined
      const isPaused = inQueue?.isPaused ?? paused.includes(name)
      const waiting = (inQueue?.waiting ?? 0) + (row?.waiting ?? 0)
      return {
        name,
        isPaused,
        statistics: {
          active: inQueue?.active ?? 0,
          completed: inQueue?.completed ?? 0,
          failed: row?.failed ?? 0,
          delayed: inQueue?.delayed ?? 0,
          waiting: isPaused ? 0 : waiting,
          paused: isPaused ? waiting : 0,
        },
      }
    }
    return await inTime(Promise.all(names.map(describeOne)))
  }

  async function setPaused(queue: QueueName, isPaused: boolean) {
    // First the truth, then the bell: after a loss the truth is what is put back.
    await updatePausedQueue(db, { queue, isPaused })
    await inTime(isPaused ? queues.pause(queue) : queues.resume(queue))
    return { body: (await describe([queue]))[0] }
  }

  /** Rows first: a crash in between leaves jobs without rows, which run and change nothing that anyone waits for. */
  async function empty(queue: QueueName) {
    const exceptIds = await inTime(queues.listActiveIds(queue))
    await deleteUnfinishedJobs(db, { queue, exceptIds })
    await inTime(settled().then(() => queues.drain(queue)))
    return { body: (await describe([queue]))[0] }
  }

  async function listJobs({ params, query }: InternalRequest) {
    const queue = queueNameOf(params)
    const status = query.get('status') ?? 'failed'
    if (status === 'failed') {
      const beforeId = query.get('before')
      const rows = await listFailedJobs(db, {
        queue,
        limit: LIST_LIMIT,
        ...(beforeId && { beforeId }),
      })
      const present = (row: (typeof rows)[number]) => ({
        id: row.id,
        name: row.name,
        data: row.payload,
        timestamp: row.createdAt.getTime(),
        failedAt: row.failedAt,
        reason: row.lastError,
      })
      return { body: rows.map(present) }
    }
    const states = QUEUE_STATES[status]
    if (!states) throw new InternalHttpError(400, `Unknown status ${status}`)
    const jobs = await inTime(queues.list(queue, states, LIST_LIMIT))
    const present = ({ id, name, data, timestamp }: (typeof jobs)[number]) => ({
      id,
      name,
      data: data.payload,
      timestamp,
    })
    return { body: jobs.filter(Boolean).map(present) }
  }

  return {
    'GET /health': async () => {
      const database = await inTime(db.execute('select 1')).then(
        () => 'ok',
        () => 'unreachable',
      )
      const isHealthy = database === 'ok' && valkey.status === 'ready'
      const body = { isHealthy, database, valkey: valkey.status === 'ready' ? 'ok' : 'unreachable' }
      return { status: isHealthy ? 200 : 503, body }
    },
    'GET /metrics': async () => {
      const facts = await describe(queuesWithJobs).catch(() => [])
      for (const { name, statistics } of facts)
        for (const [state, count] of Object.entries(statistics))
          setJobs(count, { queue: name, state })
      return { body: metrics.render() }
    },
    'GET /queues': async () => ({ body: await describe(queueNames) }),
    'GET /queues/:name': async ({ params }) => ({
      body: (await describe([queueNameOf(params)]))[0],
    }),
    'GET /queues/:name/jobs': listJobs,
    'POST /queues/:name/pause': ({ params }) => setPaused(queueNameOf(params), true),
    'POST /queues/:name/resume': ({ params }) => setPaused(queueNameOf(params), false),
    'POST /queues/:name/empty': ({ params }) => empty(queueNameOf(params)),
    'POST /queues/:name/retry-failed': async ({ params }) => {
      const retried = await retryFailedJobs(db, { queue: queueNameOf(params) })
      wake()
      return { body: { retried } }
    },
    'POST /queues/:name/clear-failed': async ({ params }) => {
      await deleteJobs(db, { queue: queueNameOf(params), state: 'failed' })
      return { body: {} }
    },
  }
}

const QUEUE_STATES: Record<
  string,
  ('active' | 'wait' | 'prioritized' | 'delayed' | 'completed')[]
> = {
  active: ['active'],
  waiting: ['wait', 'prioritized'],
  paused: ['wait', 'prioritized'],
  delayed: ['delayed'],
  completed: ['completed'],
}

function queueNameOf(params: Record<string, string>): QueueName {
  const name = queueNames.find((known) => known === params.name)
  if (!name) throw new InternalHttpError(404, `No queue ${params.name}`)
  return name
}

/** Commands wait for a Valkey that is away; who asks does not. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  const limit = new AbortController()
  try {
    return await Promise.race([
      work,
      delay(VALKEY_LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
        throw new InternalHttpError(503, 'The queues do not answer')
      }),
    ])
  } finally {
    limit.abort()
  }
}
