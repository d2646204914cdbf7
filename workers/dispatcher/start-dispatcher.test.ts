import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { claimOutbox, insertJobs, listFailedJobs, markJobFailed } from '#db/queries/outbox.ts'
import { count, look, quiet, type TestJobs, testJobs } from '#test/fixtures/test-jobs.ts'
import { createTestDatabase, type TestDatabase } from '#test/helpers/database.ts'
import { listRows, startOwnValkey } from '#test/helpers/job-system.ts'
import { until } from '#test/helpers/until.ts'
import { runWorker } from '#workers/runtime/run-worker.ts'
import type { Handlers } from '#workers/runtime/types.ts'
import { startDispatcher } from './start-dispatcher.ts'

vi.setConfig({ testTimeout: 90_000 })

const SECRET = 'secret-of-the-dispatcher'

let database: TestDatabase
const valkey = await startOwnValkey()
const endings: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  database = await createTestDatabase()
})

// Else each emptied Valkey would have what earlier tests started repair their losses beside this one's.
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** A database and a key prefix of the test's own; the Valkey is the file's, so tests run one after the other. */
function setup() {
  const { db, appUrl } = database
  const place = { url: valkey.url, prefix: `t${Math.random().toString(36).slice(2)}` }
  const runs = new Map<number, number>()

  async function dispatch({ pollMs = 500 } = {}) {
    const dispatcher = await startDispatcher({
      db,
      listenUrl: appUrl,
      valkey: place,
      http: { host: '127.0.0.1', port: 0, secret: SECRET },
      log: quiet,
      schedules: [],
      pollMs,
    })
    endings.push(dispatcher.stop)
    const ask = async (method: 'GET' | 'POST', path: string) => {
      const url = `http://127.0.0.1:${dispatcher.port}${path}`
      const response = await fetch(url, { method, headers: { authorization: `Bearer ${SECRET}` } })
      return response.json()
    }
    return { ask, ...dispatcher }
  }

  function work(handlers: Partial<Handlers<TestJobs, object>> = {}, concurrency = 20) {
    const counting = async ({ n }: { n: number }) => runs.set(n, (runs.get(n) ?? 0) + 1)
    const worker = runWorker({
      jobs: testJobs,
      handlers: { count: counting, look: counting, ...handlers },
      deps: {},
      db,
      valkey: place,
      concurrency: { backgroundTask: concurrency },
      log: quiet,
    })
    endings.push(() => worker.stop({ finishLimitMs: 500 }))
    return worker
  }

  const write = (from: number, to: number) =>
    insertJobs(
      db,
      Array.from({ length: to - from }, (_, index) => count.message({ n: from + index })),
    )

  const allDone = (limitMs = 30_000) =>
    until(async () => (await listRows(db)).length === 0, {
      timeoutMs: limitMs,
    })

  const flush = async () => {
    const connection = new Redis(valkey.url)
    await connection.flushall()
    connection.disconnect()
  }

  return { db, runs, dispatch, work, write, allDone, flush }
}

const onceEach = (amount: number) => new Map(Array.from({ length: amount }, (_, n) => [n, 1]))

test('rows become jobs as soon as they are written', async () => {
  const { runs, dispatch, work, write, allDone } = setup()
  await dispatch({ pollMs: 60_000 })
  work()
  await write(0, 1)
  await allDone()
  const before = Date.now()

  await write(1, 2)
  await allDone()

  expect(Date.now() - before).toBeLessThan(5000)
  expect(runs).toEqual(onceEach(2))
})

test('a job for later waits until it is due', async () => {
  const { db, runs, dispatch, work, allDone } = setup()
  await dispatch({ pollMs: 100 })
  work()
  const runAfter = new Date(Date.now() + 800)

  await insertJobs(db, [count.message({ n: 0 })], { runAfter })
  await allDone()

  expect(Date.now()).toBeGreaterThanOrEqual(runAfter.getTime() - 50)
  expect(runs).toEqual(onceEach(1))
})

test('two dispatchers move thousands of rows and double none', async () => {
  const { runs, dispatch, work, write, allDone } = setup()
  await Promise.all([dispatch({ pollMs: 50 }), dispatch({ pollMs: 50 })])
  work()

  for (let from = 0; from < 2000; from += 500) await write(from, from + 500)
  await allDone(60_000)

  expect(runs).toEqual(onceEach(2000))
})

test('an emptied Valkey loses nothing, and nothing is doubled', async () => {
  const { runs, dispatch, work, write, allDone, flush, db } = setup()
  await dispatch()
  await write(0, 1500)
  await until(async () => (await listRows(db)).every(({ sentAt }) => sentAt))

  await flush()
  work()
  await allDone(60_000)

  expect(runs).toEqual(onceEach(1500))
})

test('a job that runs while Valkey is emptied is not run beside itself', async () => {
  const { db, dispatch, work, write, allDone, flush } = setup()
  const { ask } = await dispatch({ pollMs: 100 })
  let runs = 0
  const ending = Promise.withResolvers<void>()
  work({
    count: async () => {
      runs += 1
      await ending.promise
    },
  })
  await write(0, 1)
  await until(() => runs === 1)

  await flush()
  const facts = () => ask('GET', '/queues/backgroundTask')
  await until(async () => (await facts()).statistics.active === 1, { timeoutMs: 30_000 })
  ending.resolve()
  await allDone()

  expect(runs).toBe(1)
  expect(await listRows(db)).toEqual([])
})

test('while Valkey is killed rows can be written, and after its restart all are done', async () => {
  const { runs, dispatch, work, write, allDone } = setup()
  await dispatch()
  work()
  await write(0, 500)
  await until(() => runs.size > 50)

  await valkey.kill()
  await write(500, 1000)
  await valkey.restart()
  await allDone(60_000)

  expect([...runs.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
})

test('what a dispatcher claimed and did not live to send is sent by the next', async () => {
  const { db, runs, dispatch, work, write, allDone } = setup()
  await write(0, 30)
  await claimOutbox(db, { limit: 20 })

  await dispatch({ pollMs: 60_000 })
  work()
  await allDone()

  expect(runs).toEqual(onceEach(30))
})

test('a paused queue keeps its jobs, also when Valkey is emptied, until it is resumed', async () => {
  const { db, runs, dispatch, work, write, allDone, flush } = setup()
  const { ask } = await dispatch({ pollMs: 100 })
  work()

  const paused = await ask('POST', '/queues/backgroundTask/pause')
  await write(0, 5)
  const countPaused = async () =>
    (await ask('GET', '/queues/backgroundTask')).statistics.paused as number
  await until(async () => (await listRows(db)).every(({ sentAt }) => sentAt))
  await until(async () => (await countPaused()) === 5)
  await flush()
  // The queue tells that it is paused as soon as it is asked; the jobs are back once the loss was seen.
  await until(async () => (await countPaused()) === 5)
  const facts = await ask('GET', '/queues/backgroundTask')
  const runsWhilePaused = runs.size
  await ask('POST', '/queues/backgroundTask/resume')
  await allDone()

  expect(paused.isPaused).toBe(true)
  expect(facts.statistics).toMatchObject({ paused: 5, waiting: 0, active: 0, failed: 0 })
  expect(runsWhilePaused).toBe(0)
  expect(runs).toEqual(onceEach(5))
})

test('an emptied queue has no job left', async () => {
  const { db, runs, dispatch, work, write, allDone } = setup()
  const { ask } = await dispatch()
  await ask('POST', '/queues/backgroundTask/pause')
  await write(0, 40)
  await until(async () => (await listRows(db)).every(({ sentAt }) => sentAt))

  const facts = await ask('POST', '/queues/backgroundTask/empty')
  const left = await listRows(db)
  await ask('POST', '/queues/backgroundTask/resume')
  work()
  await write(40, 41)
  await allDone()

  expect(facts.statistics).toMatchObject({ paused: 0, waiting: 0 })
  expect(left).toEqual([])
  expect(runs).toEqual(new Map([[40, 1]]))
})

test('failed jobs are listed with their reasons, retried by one request, or cleared', async () => {
  const { db, runs, dispatch, work, allDone } = setup()
  const { ask } = await dispatch()
  let isBroken = true
  work({
    look: async ({ n }) => {
      if (isBroken) throw new Error('the lens is dirty')
      runs.set(n, 1)
    },
  })
  await insertJobs(db, [look.message({ n: 0 }), look.message({ n: 1 })])
  await until(async () => (await listRows(db)).every(({ failedAt }) => failedAt))

  const listed = await ask('GET', '/queues/thumbnailGeneration/jobs?status=failed')
  const facts = await ask('GET', '/queues/thumbnailGeneration')
  isBroken = false
  const answer = await ask('POST', '/queues/thumbnailGeneration/retry-failed')
  await allDone()

  expect(listed).toMatchObject([
    { name: 'look', data: { n: 1 }, reason: 'the lens is dirty' },
    { name: 'look', data: { n: 0 }, reason: 'the lens is dirty' },
  ])
  expect(facts.statistics.failed).toBe(2)
  expect(answer).toEqual({ retried: 2 })
  expect(runs).toEqual(onceEach(2))
})

test('a job that is retried before its worker has taken it out of its queue comes again', async () => {
  const { db, dispatch, write } = setup()
  const { ask } = await dispatch()
  const countWaiting = async () =>
    (await ask('GET', '/queues/backgroundTask')).statistics.waiting as number
  await write(0, 1)
  await until(async () => (await listRows(db)).every(({ sentAt }) => sentAt))
  await until(async () => (await countWaiting()) === 1)
  // The first that a worker does with a job that it gives up.
  for (const { id } of await listRows(db)) await markJobFailed(db, { id, reason: 'no' })

  await ask('POST', '/queues/backgroundTask/retry-failed')

  await until(async () => (await listRows(db)).every(({ sentAt }) => sentAt))
  await until(async () => (await countWaiting()) === 2)
})

test('failed jobs go when they are cleared', async () => {
  const { db, dispatch, work } = setup()
  const { ask } = await dispatch()
  work({
    look: async () => {
      throw new Error('no')
    },
  })
  await insertJobs(db, [look.message({ n: 0 })])
  await until(async () => (await listRows(db)).every(({ failedAt }) => failedAt))

  await ask('POST', '/queues/thumbnailGeneration/clear-failed')

  expect(await listFailedJobs(db, { queue: 'thumbnailGeneration', limit: 5 })).toEqual([])
})

test("every one of Immich's queues is described, and an unknown one is not found", async () => {
  const { dispatch } = setup()
  const { ask } = await dispatch()

  const all = await ask('GET', '/queues')

  expect(all).toHaveLength(19)
  expect(all[0]).toEqual({
    name: 'thumbnailGeneration',
    isPaused: false,
    statistics: { active: 0, completed: 0, failed: 0, delayed: 0, waiting: 0, paused: 0 },
  })
  expect(await ask('GET', '/queues/cooking')).toEqual({ message: 'No queue cooking' })
})

test('health and metrics tell what the queues hold', async () => {
  const { dispatch, write } = setup()
  const { port } = await dispatch()
  await write(0, 3)
  const headers = { authorization: `Bearer ${SECRET}` }
  const readMetrics = async () =>
    await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text()
  await until(async () => (await readMetrics()).includes('tintype_outbox_sent_total 3'))

  const health = await fetch(`http://127.0.0.1:${port}/health`, { headers })
  const text = await readMetrics()

  expect([health.status, await health.json()]).toEqual([
    200,
    { isHealthy: true, database: 'ok', valkey: 'ok' },
  ])
  expect(text).toContain('tintype_outbox_sent_total 3')
  expect(text).toContain('tintype_queue_jobs{queue="backgroundTask",state="waiting"} 3')
})

test('stops soon although Valkey is gone and rows wait for it', async () => {
  const { db, dispatch, work, write } = setup()
  const dispatcher = await dispatch({ pollMs: 100 })
  const worker = work()
  await write(0, 1)
  await until(async () => (await listRows(db)).length === 0)
  await valkey.kill()
  await write(1, 3)
  await until(async () => (await listRows(db)).some(({ sentAt }) => sentAt))
  const before = Date.now()

  await Promise.all([dispatcher.stop(), worker.stop({ finishLimitMs: 300 })])
  const stopMs = Date.now() - before
  await valkey.restart()

  expect(stopMs).toBeLessThan(10_000)
})
