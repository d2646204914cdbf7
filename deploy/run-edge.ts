// The edge in a container: several workerd processes on one port. Each is one thread; who wants more sets EDGE_PROCESSES.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { parseEnv } from '#contracts/env.ts'
import { openListener } from '#stack/listener.ts'

const RESTART_MS = 1000
const STOP_LIMIT_MS = 10_000

const env = parseEnv(
  {
    HOST: z.string().default('0.0.0.0'),
    PORT: z.coerce.number().default(2283),
    EDGE_PROCESSES: z.coerce.number().int().min(1).max(64).default(2),
    WORKERD: z.string().default('workerd'),
    GATEWAY_URL: z.url(),
    DISPATCHER_URL: z.url(),
    GPU_URL: z.url(),
    HUB_URL: z.url(),
    S3_ENDPOINT: z.url(),
  },
  process.env,
)
const externals = {
  gateway: env.GATEWAY_URL,
  dispatcher: env.DISPATCHER_URL,
  gpu: env.GPU_URL,
  hub: env.HUB_URL,
  store: env.S3_ENDPOINT,
}
const listener = await openListener(env.HOST, env.PORT)
const running = new Set<ChildProcess>()
let isStopping = false

function say(msg: string, more: object = {}) {
  console.log(
    JSON.stringify({
      level: 'info',
      time: new Date().toISOString(),
      process: 'run-edge',
      ...more,
      msg,
    }),
  )
}

function addressOf(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

function run() {
  const addresses = Object.entries(externals).flatMap(([name, url]) => [
    '-e',
    `${name}=${addressOf(url)}`,
  ])
  const child = spawn(
    env.WORKERD,
    ['serve', '--experimental', ...addresses, '-S', 'http=3', 'dist/edge/config.capnp'],
    { stdio: ['ignore', 'inherit', 'inherit', listener.descriptor] },
  )
  running.add(child)
  child.on('error', (error) => say(error.message))
  child.on('close', (code, signal) => {
    running.delete(child)
    if (isStopping) return
    say('workerd ended, starting it again', { code, signal })
    setTimeout(run, RESTART_MS)
  })
}

async function stop() {
  isStopping = true
  const ends = [...running].map((child) => once(child, 'close'))
  for (const child of running) child.kill('SIGTERM')
  // workerd lets what is under way come to its end; WebSockets have none.
  const limit = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL')
  }, STOP_LIMIT_MS)
  await Promise.all(ends)
  clearTimeout(limit)
  process.exit(0)
}

process.on('SIGTERM', stop)
process.on('SIGINT', stop)
for (let started = 0; started < env.EDGE_PROCESSES; started += 1) run()
say('serving', { port: env.PORT, processes: env.EDGE_PROCESSES })
