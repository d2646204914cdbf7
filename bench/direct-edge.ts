import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Variables } from '#stack/env-file.ts'
import { openListener } from '#stack/listener.ts'
import { repositoryFolder } from '#stack/paths.ts'
import { freePort } from '#stack/stores/free-port.ts'

const START_LIMIT_MS = 30_000

/** One more edge before the stores of a running stack, which signs for the store's own address. */
export async function runDirectEdge(variables: Variables) {
  const port = await freePort()
  const listener = await openListener('127.0.0.1', port)
  const hostOf = (url: string | undefined) => new URL(url ?? '').host
  const externals = {
    gateway: hostOf(variables.GATEWAY_URL),
    dispatcher: hostOf(variables.DISPATCHER_URL),
    gpu: hostOf(variables.GPU_URL),
    hub: hostOf(variables.HUB_URL),
    store: hostOf(variables.S3_ENDPOINT),
  }
  const child = spawn(
    join(repositoryFolder, 'node_modules', '.bin', 'workerd'),
    [
      ...['serve', '--experimental', '-S', 'http=3'],
      ...Object.entries(externals).flatMap(([name, host]) => ['-e', `${name}=${host}`]),
      join(repositoryFolder, 'dist', 'edge', 'config.capnp'),
    ],
    {
      cwd: repositoryFolder,
      env: { ...process.env, ...variables, S3_PUBLIC_URL: variables.S3_ENDPOINT },
      stdio: ['ignore', 'ignore', 'ignore', listener.descriptor],
    },
  )
  const url = `http://127.0.0.1:${port}`
  const until = Date.now() + START_LIMIT_MS
  while (!(await answers(`${url}/api/server/ping`))) {
    if (Date.now() > until) throw new Error('the direct edge did not start')
    await delay(100)
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      listener.close()
    },
  }
}

const answers = (url: string) =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  )
