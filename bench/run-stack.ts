import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readEnvFile, type Variables } from '#stack/env-file.ts'
import { repositoryFolder } from '#stack/paths.ts'
import { listRunning } from '#stack/pid-file.ts'
import { runFolderOf } from '#stack/preflight.ts'
import { freePort } from '#stack/stores/free-port.ts'

const READY_LINE = 'Tintype is ready'

export type RunningStack = AsyncDisposable & {
  url: string
  /** Every variable of the stack's `env` file. */
  variables: Variables
  /** Process ids by the names of the stack, its supervisor as `stack`. */
  pids(): Record<string, number>
}

/** The whole stack as `npm start` brings it up, on a free port with an empty data folder that goes with it. */
export async function runStack(variables: Variables = {}): Promise<RunningStack> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'tintype-bench-'))
  const port = await freePort()
  const child = spawn(process.execPath, ['stack/main.ts', 'start'], {
    cwd: repositoryFolder,
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(port),
      TINTYPE_DATA: dataFolder,
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
    await rm(dataFolder, { recursive: true, force: true })
  }
  try {
    await untilReady(child)
    return {
      url: `http://127.0.0.1:${port}`,
      variables: await readEnvFile(join(dataFolder, 'env')),
      pids: () =>
        Object.fromEntries(
          listRunning(runFolderOf(dataFolder)).map(({ name, pid }) => [name, pid]),
        ),
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function untilReady(child: ChildProcess) {
  const lines: string[] = []
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the stack ended before it was ready:\n${lines.slice(-20).join('\n')}`)
  })
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (line.includes(READY_LINE)) resolve()
      })
    }
  })
  ended.catch(() => {}) // it also ends when it is stopped
  await Promise.race([ready, ended])
}

/** The first user, who is an administrator, and an API key of theirs. */
export async function signUp(url: string): Promise<string> {
  const account = { email: 'bench@example.org', password: 'a long enough password', name: 'Bench' }
  await post(`${url}/api/auth/admin-sign-up`, account)
  const login = await post(`${url}/api/auth/login`, account)
  const key = { name: 'bench', permissions: ['all'] }
  const made = await post(`${url}/api/api-keys`, key, {
    authorization: `Bearer ${login.accessToken}`,
  })
  return String(made.secret)
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}
