import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newId } from '#contracts/new-id.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import { count } from '#test/fixtures/test-jobs.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestDatabase, type TestDatabase } from '#test/helpers/database.ts'
import { listRows } from '#test/helpers/job-system.ts'
import { until } from '#test/helpers/until.ts'
import { createTestValkey } from '#test/helpers/valkey.ts'
import { crashLedgerKeys } from './crash-ledger.ts'
import { toQueueJob } from './queue-options.ts'

const FIXTURE = join(import.meta.dirname, '../../test/fixtures/crashing-worker.ts')

// Up to four processes are started one after the other: seconds, and a minute each on a machine that is busy.
vi.setConfig({ testTimeout: 400_000 })
const PATIENCE = { timeoutMs: 190_000 }

type Message = {
  started?: number
  ended?: number
  failed?: number
  kind?: string
  reason?: string
}

let database: TestDatabase
let url: string
const endings: (() => void)[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  url = createTestValkey().url
})
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** A worker process that is started again whenever it dies; jobs of the first one may never end by themselves. */
function setup({ firstHolds = false } = {}) {
  const prefix = `test-${newId()}`
  const valkey = new Redis(url, { maxRetriesPerRequest: null })
  const messages: Message[] = []
  let deaths = 0
  let child: ChildProcess | undefined
  let isOver = false
  endings.push(() => {
    isOver = true
    child?.kill('SIGKILL')
  })
  atEndOfFile(async () => {
    const keys = await valkey.keys(`${prefix}:*`)
    if (keys.length > 0) await valkey.unlink(...keys)
    valkey.disconnect()
  })

  function start() {
    if (isOver) return
    const started = fork(FIXTURE, {
      env: {
        ...process.env,
        APP_DATABASE_URL: database.appUrl,
        VALKEY_URL: url,
        VALKEY_PREFIX: prefix,
        HOLDS: firstHolds && deaths === 0 ? 'yes' : '',
      },
    })
    child = started
    started.on('message', (message: Message) => messages.push(message))
    started.on('exit', () => {
      deaths += 1
      // Longer than a start takes to fail, so that a broken fixture does not keep the machine busy.
      setTimeout(start, 200).unref()
    })
  }

  async function send(jobs: { n: number; kind?: string }[]) {
    await insertJobs(
      database.db,
      jobs.map((job) => count.message(job)),
    )
    const queue = new Queue('backgroundTask', { connection: valkey, prefix })
    await queue.addBulk((await listRows(database.db)).map(toQueueJob))
  }

  return {
    start,
    send,
    messages,
    valkey,
    keys: crashLedgerKeys(prefix),
    deaths: () => deaths,
    kill: () => child?.kill('SIGKILL'),
    ended: () => messages.map((message) => message.ended).filter((n) => n !== undefined),
    starts: (n: number) => messages.filter(({ started }) => started === n).length,
  }
}

test('a killed worker accuses nobody: its jobs run again at once, and alone', async () => {
  const { start, send, starts, kill, deaths, valkey, keys, messages, ended } = setup({
    firstHolds: true,
  })
  start()
  await send([{ n: 1 }, { n: 2 }, { n: 3 }])
  await until(() => starts(1) + starts(2) + starts(3) === 3, PATIENCE)

  kill()
  await until(async () => (await listRows(database.db)).length === 0, PATIENCE)

  expect(deaths()).toBe(1)
  expect([starts(1), starts(2), starts(3)]).toEqual([2, 2, 2])
  expect(messages.slice(3)).toEqual(ended().flatMap((n) => [{ started: n }, { ended: n }]))
  await until(async () => (await valkey.hlen(keys.suspects)) === 0)
})

test('only the job that kills its worker alone, twice, is set aside', async () => {
  const { start, send, starts, deaths, messages } = setup()
  await send([{ n: 1 }, { n: 2, kind: 'poison' }, { n: 3 }, { n: 4 }])
  start()

  await until(async () => (await listRows(database.db)).every(({ failedAt }) => failedAt), {
    timeoutMs: 380_000,
  })

  const rows = await listRows(database.db)
  expect(rows.map(({ payload }) => payload.n)).toEqual([2])
  expect(rows[0]?.lastError).toMatch(/crashed each time/)
  expect(messages.filter(({ failed }) => failed)).toEqual([
    { failed: 2, kind: 'killed_worker', reason: expect.stringMatching(/set aside/) },
  ])
  expect([deaths(), starts(2)]).toEqual([3, 3])
})
