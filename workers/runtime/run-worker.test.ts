import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { beforeAll, expect, test } from 'vitest'
import { PermanentError } from '#contracts/errors.ts'
import type { JobMessage, QueueName } from '#contracts/jobs/define-job.ts'
import { newId } from '#contracts/new-id.ts'
import { insertJobs, listFailedJobs } from '#db/queries/outbox.ts'
import { count, look, quiet, type TestJobs, testJobs } from '#test/fixtures/test-jobs.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestDatabase, type TestDatabase } from '#test/helpers/database.ts'
import { listRows } from '#test/helpers/job-system.ts'
import { until } from '#test/helpers/until.ts'
import { createTestValkey } from '#test/helpers/valkey.ts'
import { toQueueJob } from './queue-options.ts'
import { runWorker } from './run-worker.ts'
import type { Handlers, JobFailure } from './types.ts'

let database: TestDatabase
let valkey: { url: string }

beforeAll(async () => {
  database = await createTestDatabase()
  valkey = createTestValkey()
})

/** Each test has queues of its own, since they share the database. */
function setup() {
  const { db } = database
  const prefix = `test-${newId()}`
  const connection = new Redis(valkey.url, { maxRetriesPerRequest: null })
  const queues = new Map<string, Queue>()
  const failures: JobFailure<TestJobs>[] = []
  atEndOfFile(async () => {
    const keys = await connection.keys(`${prefix}:*`)
    if (keys.length > 0) await connection.unlink(...keys)
    connection.disconnect()
  })

  function queueOf(name: QueueName) {
    const queue = queues.get(name) ?? new Queue(name, { connection, prefix })
    queues.set(name, queue)
    return queue
  }

  async function send(message: JobMessage, requestId: string | null = null) {
    const known = new Set((await listRows(db)).map(({ id }) => id))
    await insertJobs(db, [message], { requestId })
    const row = (await listRows(db)).find(({ id }) => !known.has(id))
    if (!row) throw new Error('the outbox took no row')
    await queueOf(row.queue).addBulk([toQueueJob(row)])
    return row.id
  }

  function start(
    handlers: Partial<Handlers<TestJobs, object>>,
    {
      records = false,
      timing = {} as { lockMs?: number; stalledCheckMs?: number },
      paused = [] as QueueName[],
    } = {},
  ) {
    const worker = runWorker({
      jobs: testJobs,
      handlers: { count: async () => {}, look: async () => {}, ...handlers },
      deps: {},
      db,
      valkey: { url: valkey.url, prefix },
      concurrency: { backgroundTask: 4 },
      paused,
      log: quiet,
      timing,
      recordFailure: async (failure) => {
        failures.push(failure)
        return records
      },
    })
    atEndOfFile(() => worker.stop({ finishLimitMs: 500 }))
    return worker
  }

  const findRow = async (id: string) => (await listRows(db)).find((row) => row.id === id)
  const isDone = (id: string) => until(async () => !(await findRow(id)))
  const hasFailed = (id: string) => until(async () => Boolean((await findRow(id))?.failedAt))

  return { db, send, start, findRow, isDone, hasFailed, failures, queueOf, connection, prefix }
}

test('a job that is done has no row any more', async () => {
  const { send, start, isDone } = setup()
  const seen: unknown[] = []
  start({
    count: async (payload, _, { attempt, log }) => {
      seen.push([payload, attempt, log.bindings().requestId, log.bindings().job])
    },
  })

  await isDone(await send(count.message({ n: 7 }), 'request-1'))

  expect(seen).toEqual([[{ n: 7 }, 1, 'request-1', 'count']])
})

test('a job that fails is tried again, and is then done', async () => {
  const { send, start, isDone, failures } = setup()
  const attempts: number[] = []
  start({
    count: async (_payload, _deps, { attempt }) => {
      attempts.push(attempt)
      if (attempt === 1) throw new Error('not this time')
    },
  })

  await isDone(await send(count.message({ n: 1 })))

  expect(attempts).toEqual([1, 2])
  expect(failures).toEqual([])
})

test('a job whose tries are used up stays visible with its reason', async () => {
  const { db, send, start, hasFailed, failures, queueOf } = setup()
  start({
    look: async () => {
      throw new Error('the lens is dirty')
    },
  })

  const id = await send(look.message({ n: 2 }))
  await hasFailed(id)

  const failed = await listFailedJobs(db, { queue: 'thumbnailGeneration', limit: 10 })
  expect(failed.map((job) => [job.id, job.lastError])).toContainEqual([id, 'the lens is dirty'])
  expect(failures).toEqual([
    { job: 'look', payload: { n: 2 }, kind: 'exhausted', reason: 'the lens is dirty' },
  ])
  await until(async () => (await queueOf('thumbnailGeneration').getJobCountByTypes('failed')) === 0)
})

test('a file that never will work is recorded once, and its job is over', async () => {
  const { send, start, isDone, failures } = setup()
  let tries = 0
  start(
    {
      count: async () => {
        tries += 1
        throw new PermanentError('This file is empty.')
      },
    },
    { records: true },
  )

  await isDone(await send(count.message({ n: 3 })))

  expect(tries).toBe(1)
  expect(failures).toEqual([
    { job: 'count', payload: { n: 3 }, kind: 'permanent', reason: 'This file is empty.' },
  ])
})

test('a failure that nobody could record stays a failed job', async () => {
  const { send, start, hasFailed, findRow } = setup()
  start({
    count: async () => {
      throw new PermanentError('There is nothing here.')
    },
  })

  const id = await send(count.message({ n: 4 }))
  await hasFailed(id)

  expect((await findRow(id))?.lastError).toBe('There is nothing here.')
})

test('a payload that is not understood fails without reaching the handler', async () => {
  const { send, start, hasFailed, findRow } = setup()
  const seen: unknown[] = []
  start({ count: async (payload) => seen.push(payload) })

  const id = await send({ ...count.message({ n: 5 }), payload: { n: 'five' } })
  await hasFailed(id)

  expect((await findRow(id))?.lastError).toContain('the payload is not understood')
  expect(seen).toEqual([])
})

test('an unreachable store costs no try', async () => {
  const { send, start, isDone } = setup()
  const attempts: number[] = []
  start({
    look: async (_payload, _deps, { attempt }) => {
      attempts.push(attempt)
      if (attempts.length < 4)
        throw new Error('Failed query', {
          cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
        })
    },
  })

  await isDone(await send(look.message({ n: 6 })))

  expect(attempts).toEqual([1, 1, 1, 1])
})

test('a job longer than its lock runs once', async () => {
  const { send, start, isDone } = setup()
  let runs = 0
  // Renewed at the half: a machine that does nothing for a second lets a lock run out for good reason.
  const timing = { lockMs: 2400, stalledCheckMs: 200 }
  const handler = async () => {
    runs += 1
    await new Promise((resolve) => setTimeout(resolve, 3000))
  }
  start({ count: handler }, { timing })
  start({ count: handler }, { timing })

  await isDone(await send(count.message({ n: 8 })))

  expect(runs).toBe(1)
})

test('a stopping worker finishes what it can', async () => {
  const { send, start, isDone } = setup()
  const started = Promise.withResolvers<void>()
  const worker = start({
    count: async () => {
      started.resolve()
      await new Promise((resolve) => setTimeout(resolve, 400))
    },
  })
  const id = await send(count.message({ n: 9 }))
  await started.promise

  await worker.stop()

  await isDone(id)
})

test('a stopping worker asks long jobs to end and hands them back as they were', async () => {
  const { send, start, isDone } = setup()
  const started = Promise.withResolvers<void>()
  const first = start({
    count: async (_payload, _deps, { signal }) => {
      started.resolve()
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      )
    },
  })
  const id = await send(count.message({ n: 10 }))
  await started.promise
  await first.stop({ finishLimitMs: 100 })

  const attempts: number[] = []
  start({ count: async (_payload, _deps, { attempt }) => attempts.push(attempt) })
  await isDone(id)

  expect(attempts).toEqual([1])
})

test('a stopping worker hands back even a job that does not listen', async () => {
  const { send, start, isDone } = setup()
  const started = Promise.withResolvers<void>()
  const ending = Promise.withResolvers<void>()
  const first = start({
    count: async () => {
      started.resolve()
      await ending.promise
      throw new Error('too late')
    },
  })
  const id = await send(count.message({ n: 11 }))
  await started.promise
  const before = Date.now()
  await first.stop({ finishLimitMs: 100 })
  const stopMs = Date.now() - before

  const attempts: number[] = []
  start({ count: async (_payload, _deps, { attempt }) => attempts.push(attempt) })
  await isDone(id)
  ending.resolve()

  expect(attempts).toEqual([1])
  expect(stopMs).toBeLessThan(5000)
})

test('a queue that is paused here keeps its jobs until it is resumed', async () => {
  const { send, start, isDone } = setup()
  const ran: string[] = []
  const worker = start(
    {
      count: async ({ n }) => void ran.push(`count ${n}`),
      look: async ({ n }) => void ran.push(`look ${n}`),
    },
    { paused: ['thumbnailGeneration'] },
  )
  const waiting = await send(look.message({ n: 201 }))
  await isDone(await send(count.message({ n: 1 })))
  const ranWhilePaused = [...ran]

  await worker.resume('thumbnailGeneration')
  await isDone(waiting)
  await worker.pause('thumbnailGeneration')
  await worker.resume('thumbnailGeneration')
  await isDone(await send(look.message({ n: 202 })))

  expect(ranWhilePaused).toEqual(['count 1'])
  expect(ran).toEqual(['count 1', 'look 201', 'look 202'])
})
