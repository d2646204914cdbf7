import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureBucket, ensureEvents } from './stores/bucket.ts'
import { quietPort } from './stores/free-port.ts'
import { eventsArnOf, type MinioOptions, planMinio } from './stores/minio.ts'
import { planPostgres } from './stores/postgres.ts'
import type { StorePlan } from './stores/store.ts'
import { planValkey } from './stores/valkey.ts'

/** One running store, for whoever needs it without the whole stack: tests and benchmarks. */
export type RunningStore = {
  url: string
  port: number
  pid: number
  stop: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000

/** Runs a plan with its output in `<dataFolder>/logs/<name>.log`, and waits until it answers. */
export async function runStore(plan: StorePlan, dataFolder: string) {
  await mkdir(join(dataFolder, 'logs'), { recursive: true })
  const log = createWriteStream(join(dataFolder, 'logs', `${plan.name}.log`), { flags: 'a' })
  const child = spawn(plan.file, plan.args, {
    ...plan.account,
    cwd: plan.cwd,
    env: { ...process.env, ...plan.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const hasEnded = () =>
    child.exitCode !== null || child.signalCode !== null || child.pid === undefined
  child.once('error', (error) => log.write(`${error.message}\n`))

  const stop = async () => {
    if (!hasEnded()) child.kill(plan.stopSignal)
    await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })])
    if (!hasEnded()) child.kill('SIGKILL')
    await ended
    log.end()
  }
  const until = Date.now() + READY_TIMEOUT_MS
  while (!(await plan.isReady())) {
    if (hasEnded() || Date.now() > until) {
      if (!hasEnded()) await stop()
      throw new Error(`${plan.name} did not start; its reasons are in ${String(log.path)}`)
    }
    await sleep(50)
  }
  return { pid: child.pid ?? 0, stop, [Symbol.asyncDispose]: stop }
}

type Place = { dataFolder: string; port?: number; isDurable?: boolean }

export async function startPostgres(options: Place & { password: string; user?: string }) {
  const { dataFolder, password, user = 'tintype', isDurable } = options
  const port = options.port ?? (await quietPort())
  const plan = await planPostgres({
    dataFolder,
    port,
    user,
    password,
    ...(isDurable === false && { isDurable }),
  })
  const running = await runStore(plan, dataFolder)
  return {
    ...running,
    port,
    url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
  } satisfies RunningStore
}

export async function startValkey(options: Place & { password: string }) {
  const { dataFolder, password, isDurable } = options
  const port = options.port ?? (await quietPort())
  const plan = await planValkey({
    dataFolder,
    port,
    password,
    ...(isDurable === false && { isDurable }),
  })
  const running = await runStore(plan, dataFolder)
  return { ...running, port, url: `redis://:${password}@127.0.0.1:${port}` } satisfies RunningStore
}

type MinioKey = {
  accessKeyId: string
  secretAccessKey: string
  region?: string
  bucket?: string
  events?: MinioOptions['events']
}

/** Starts MinIO and, where a bucket is named, makes it, with its events where somebody listens. */
export async function startMinio(options: Place & MinioKey) {
  const { dataFolder, accessKeyId, secretAccessKey, region = 'us-east-1', bucket } = options
  const port = options.port ?? (await quietPort())
  const { events } = options
  const plan = await planMinio({ dataFolder, port, accessKeyId, secretAccessKey, region, events })
  const running = await runStore(plan, dataFolder)
  const url = `http://127.0.0.1:${port}`
  if (bucket) {
    const place = { endpoint: url, region, bucket, accessKeyId, secretAccessKey }
    await ensureBucket(place)
    if (events) await ensureEvents(place, eventsArnOf(region))
  }
  return { ...running, port, url } satisfies RunningStore
}
