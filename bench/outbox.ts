import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { sql } from 'drizzle-orm'
import { Redis } from 'ioredis'
import { connectPg, type PgDb } from '#db/node.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import { outbox } from '#db/schema/tables.ts'
import type { Variables } from '#stack/env-file.ts'
import { BENCH_QUEUE, benchJob } from './outbox-worker.ts'
import { median, reportLine, reportTarget } from './report.ts'
import { runStack } from './run-stack.ts'

const JOBS = 10_000
const ROUNDS = 3
const TARGET = 3000
const BARE_PREFIX = 'bare'
const LOOK_EVERY_MS = 5

/**
 * Jobs per second from the statement that inserts them until the last row is gone: through the dispatcher and Valkey to
 * a worker that does nothing. Beside it, the same number through BullMQ alone, which promises less.
 */
export async function benchOutbox() {
  await using stack = await runStack()
  const { variables } = stack
  await using db = connectPg({ url: variables.APP_DATABASE_URL ?? '', max: 2 })
  const prefix = variables.VALKEY_PREFIX ?? 'tintype'
  const ways = [
    { kind: 'tintype', prefix, run: () => throughOutbox(db) },
    { kind: 'bare', prefix: BARE_PREFIX, run: () => throughBullmq(variables) },
  ]
  const [own = 0, bare = 0] = await measureInTurns(ways, variables)
  reportLine(`${JOBS} jobs through BullMQ alone`, `${Math.round(bare)} /s`)
  reportLine('the outbox, to BullMQ alone', (own / bare).toFixed(2))
  reportTarget('jobs through outbox, dispatcher and worker', own, { atLeast: TARGET, unit: '/s' })
}

type Way = { kind: string; prefix: string; run: () => Promise<void> }

/** Jobs per second of each, the median of rounds. */
async function measureInTurns(ways: Way[], variables: Variables): Promise<number[]> {
  const workers = ways.map(({ kind, prefix }) =>
    fork(join(import.meta.dirname, 'outbox-worker.ts'), [kind], {
      env: { ...process.env, ...variables, BENCH_PREFIX: prefix },
    }),
  )
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    const rates = ways.map((): number[] => [])
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, { run }] of ways.entries()) {
        const startedAt = performance.now()
        await run()
        // The first round warms up.
        if (round > 0) rates[index]?.push(JOBS / ((performance.now() - startedAt) / 1000))
      }
    }
    return rates.map(median)
  } finally {
    for (const worker of workers) worker.kill()
  }
}

const messages = Array.from({ length: JOBS }, (_, number) => benchJob.message({ number }))

async function throughOutbox(db: PgDb) {
  await insertJobs(db, messages)
  const left = async () => await db.$count(outbox, sql`${outbox.queue} = ${BENCH_QUEUE}`)
  while ((await left()) > 0) await delay(LOOK_EVERY_MS)
}

async function throughBullmq({ VALKEY_URL = '' }: Variables) {
  const connection = new Redis(VALKEY_URL, { maxRetriesPerRequest: null })
  const queue = new Queue(BENCH_QUEUE, { connection, prefix: BARE_PREFIX })
  await queue.addBulk(
    messages.map(({ name, payload }) => ({
      name,
      data: { payload },
      opts: { removeOnComplete: true },
    })),
  )
  const left = async () => await queue.getJobCountByTypes('wait', 'active', 'prioritized')
  while ((await left()) > 0) await delay(LOOK_EVERY_MS)
  await queue.close()
  connection.disconnect()
}
