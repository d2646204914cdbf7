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
import { cpuSecondsOfTrees } from './process-usage.ts'
import { median, reportLine, reportTarget } from './report.ts'
import { runStack } from './run-stack.ts'

const JOBS = 10_000
const ROUNDS = 3
const TARGET = 3000
const BARE_PREFIX = 'bare'
const MIN_CPU_SECONDS = 0.05
const LOOK_EVERY_MS = 10

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
  const [own, bare] = await measureInTurns(ways, { variables, pids: stack.pids() })
  if (!own || !bare) throw new Error('nothing was measured')
  reportCpu('BullMQ alone', bare)
  reportLine(`${JOBS} jobs through BullMQ alone`, `${Math.round(bare.perSecond)} /s`)
  reportCpu('tintype', own)
  reportLine('the outbox, to BullMQ alone', (own.perSecond / bare.perSecond).toFixed(2))
  const name = 'jobs through outbox, dispatcher and worker'
  reportTarget(name, own.perSecond, { atLeast: TARGET, unit: '/s' })
}

function reportCpu(way: string, { cpu }: Figure) {
  const used = Object.entries(cpu).filter(([, seconds]) => seconds >= MIN_CPU_SECONDS)
  for (const [name, seconds] of used)
    reportLine(`${way}, CPU for ${JOBS} jobs: ${name}`, `${seconds.toFixed(2)} s`)
}

type Way = { kind: string; prefix: string; run: () => Promise<void> }

/** Jobs per second, and CPU seconds by process. */
type Figure = { perSecond: number; cpu: Record<string, number> }

/** Of each way the median of rounds. */
async function measureInTurns(
  ways: Way[],
  { variables, pids }: { variables: Variables; pids: Record<string, number> },
): Promise<Figure[]> {
  const workers = ways.map(({ kind, prefix }) =>
    fork(join(import.meta.dirname, 'outbox-worker.ts'), [kind], {
      env: { ...process.env, ...variables, BENCH_PREFIX: prefix },
    }),
  )
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    const figures: Figure[][] = ways.map(() => [])
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, { run }] of ways.entries()) {
        const processes = { ...pids, worker: workers[index]?.pid ?? 0, bench: process.pid }
        const figure = await measure(run, processes)
        // The first round warms up.
        if (round > 0) figures[index]?.push(figure)
      }
    }
    return figures.map(medianOf)
  } finally {
    for (const worker of workers) worker.kill()
  }
}

async function measure(run: Way['run'], processes: Record<string, number>): Promise<Figure> {
  const [startedAt, before] = [performance.now(), cpuSecondsOfTrees(processes)]
  await run()
  const seconds = (performance.now() - startedAt) / 1000
  const cpu = Object.entries(cpuSecondsOfTrees(processes)).map(
    ([name, after]) => [name, after - (before[name] ?? 0)] as const,
  )
  return { perSecond: JOBS / seconds, cpu: Object.fromEntries(cpu) }
}

function medianOf(figures: Figure[]): Figure {
  const names = Object.keys(figures[0]?.cpu ?? {})
  const cpu = names.map((name) => [name, median(figures.map((each) => each.cpu[name] ?? 0))])
  return {
    perSecond: median(figures.map(({ perSecond }) => perSecond)),
    cpu: Object.fromEntries(cpu),
  }
}

const messages = Array.from({ length: JOBS }, (_, number) => benchJob.message({ number }))

async function throughOutbox(db: PgDb) {
  await insertJobs(db, messages)
  const isDone = async () => {
    // Not counted: that would cost Postgres as much as the jobs themselves.
    const rest = sql`select from ${outbox} where ${outbox.queue} = ${BENCH_QUEUE} limit 1`
    return (await db.execute(rest)).rows.length === 0
  }
  while (!(await isDone())) await delay(LOOK_EVERY_MS)
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
