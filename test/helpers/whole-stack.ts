import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readEnvFile } from '#stack/env-file.ts'
import { repositoryFolder } from '#stack/paths.ts'
import { findRunning } from '#stack/pid-file.ts'
import { freePortsFrom } from '#stack/stores/free-port.ts'
import { atEndOfFile } from './at-end-of-file.ts'

/** Above the internal ports of any stack, and below those that the kernel gives to whoever asks for any. */
const FIRST_PORT = 30_000
const LAST_PORT = 32_000
const READY_TIMEOUT_MS = 180_000
const STOP_TIMEOUT_MS = 60_000

/** Tintype as `npm start` brings it up, with stores, port and data folder of its own. */
export async function startWholeStack(variables: Record<string, string> = {}, args: string[] = []) {
  const dataFolder = await mkdtemp(join(tmpdir(), 'tintype-e2e-'))
  const [port = 0] = await freePortsFrom(randomInt(FIRST_PORT, LAST_PORT), 1)
  const lines: string[] = []
  const child = spawn(process.execPath, ['stack/bootstrap.mjs', 'start', ...args], {
    cwd: repositoryFolder,
    env: {
      ...withoutOurs(process.env),
      TINTYPE_DATA: dataFolder,
      HOST: '127.0.0.1',
      PORT: String(port),
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line))
  atEndOfFile(async () => {
    await stop(child)
    await rm(dataFolder, { recursive: true, force: true })
  })
  await isReady(child, lines)
  return {
    url: `http://127.0.0.1:${port}`,
    dataFolder,
    lines,
    variables: await readEnvFile(join(dataFolder, 'env')),
    pidOf: (name: string) => findRunning(join(dataFolder, 'run'), name)?.pid,
    readLog: (name: string) => readFile(join(dataFolder, 'logs', `${name}.log`), 'utf8'),
    stop: () => stop(child),
  }
}

export type WholeStack = Awaited<ReturnType<typeof startWholeStack>>

/** What the tests' own run was given must not lead the stack to the tests' stores. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(NODE_ENV|VITEST|TEST_|.*_URL$|S3_|GATEWAY_|DISPATCHER_|MEDIA_|SIGNUP_CODE$)/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)))
}

async function isReady(child: ChildProcess, lines: string[]) {
  const until = Date.now() + READY_TIMEOUT_MS
  while (!lines.some((line) => line.includes('Tintype is ready'))) {
    if (child.exitCode !== null || Date.now() > until)
      throw new Error(`the stack did not start:\n${lines.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function stop(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(limit)
}
