import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { openListener } from '#stack/listener.ts'
import { quietPort, quietPorts } from '#stack/stores/free-port.ts'
import { addressOf } from '../../edge/build/workerd-config.ts'
import { atEndOfFile } from './at-end-of-file.ts'
import { copyBuilt } from './built.ts'
import { until } from './until.ts'

type Variables = Record<string, string>

/** What `startEdge` starts the edge in: workerd, or `wrangler dev` where EDGE_RUNTIME says so. */
export const edgeRuntime = process.env.EDGE_RUNTIME === 'wrangler' ? 'wrangler' : 'workerd'

/** A process that ends is seen at once; this is for one that is slow to start. */
const START = { timeoutMs: 60_000 }

const WORKERD = join(process.cwd(), 'node_modules', '.bin', 'workerd')

/** Gathers what a process prints, line by line. */
function collectOutput(child: ChildProcess): { lines: () => string[] } {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return { lines: () => output.split('\n').filter(Boolean) }
}

// Nobody accepts on the descriptor when the process is gone, so the wait needs an end of its own.
const answers = async (url: string) =>
  (await fetch(`${url}/api/server/ping`, { signal: AbortSignal.timeout(2_000) })).ok

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

/** The bundle and a small page, in a folder that goes at the end of the file. */
export async function buildTestEdge(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-edge-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'dist', 'web', 'assets'), { recursive: true })
  await writeFile(
    join(folder, 'dist', 'web', 'index.html'),
    '<!doctype html><title>Tintype</title><script type="module" src="/assets/main-1a2b.js"></script>',
  )
  await writeFile(join(folder, 'dist', 'web', 'assets', 'main-1a2b.js'), 'document.title = "x"')
  await copyBuilt('edge', folder)
  return folder
}

/** The bundle of the process `hub` beside that of the edge. */
export async function buildTestHub(folder: string): Promise<void> {
  await copyBuilt('hub', folder)
}

/** `processes` workerds that serve the bundle on one inherited descriptor, as in production. */
export async function startWorkerd(folder: string, variables: Variables, processes = 1) {
  const port = await quietPort()
  const listener = await openListener('127.0.0.1', port)
  const store = variables.S3_ENDPOINT?.startsWith('https:') ? 'storeTls' : 'store'
  const externals = {
    gateway: variables.GATEWAY_URL,
    dispatcher: variables.DISPATCHER_URL,
    gpu: variables.GPU_URL,
    hub: variables.HUB_URL,
    [store]: variables.S3_ENDPOINT,
  }
  const args = [
    ...['serve', '--experimental', '-S', 'http=3'],
    ...Object.entries(externals).flatMap(([name, url]) => [
      '-e',
      `${name}=${addressOf(url ?? '')}`,
    ]),
    join('dist', 'edge', 'config.capnp'),
  ]
  const children = Array.from({ length: processes }, () =>
    spawn(WORKERD, args, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...variables },
      stdio: ['ignore', 'pipe', 'pipe', listener.descriptor],
    }),
  )
  const outputs = children.map(collectOutput)
  atEndOfFile(async () => {
    await Promise.all(children.map((child) => stop(child)))
    listener.close()
  })
  const lines = () => outputs.flatMap((output) => output.lines())
  const url = `http://127.0.0.1:${port}`
  await until(async () => {
    if (children.some(({ exitCode }) => exitCode !== null)) return true
    return await answers(url)
  }, START)
  if (children.some(({ exitCode }) => exitCode !== null)) throw new Error(lines().join('\n'))
  /** All at once, and the port with them: nothing waits in the kernel for a process that comes back. */
  const die = () => {
    for (const child of children) child.kill('SIGKILL')
    listener.close()
  }
  return { url, port, children, die, lines, outputs: outputs.map((output) => output.lines) }
}

/** The process `hub` as in production, at the address that HUB_URL names. */
export async function startHub(folder: string, variables: Variables) {
  const { HUB_URL = '', HUB_SECRET = '', GATEWAY_URL = '' } = variables
  const config = join('dist', 'hub', 'config.capnp')
  const child = spawn(
    WORKERD,
    [
      'serve',
      '-e',
      `gateway=${addressOf(GATEWAY_URL)}`,
      '-s',
      `http=${addressOf(HUB_URL)}`,
      config,
    ],
    {
      cwd: folder,
      env: { PATH: process.env.PATH, STORE_EVENTS_SECRET: HUB_SECRET, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const output = collectOutput(child)
  // SIGTERM would wait for everybody to leave.
  const end = () => stop(child, 'SIGKILL')
  atEndOfFile(end)
  const headers = { authorization: `Bearer ${HUB_SECRET}` }
  await until(async () => {
    if (child.exitCode !== null) throw new Error(output.lines().join('\n'))
    return (await fetch(`${HUB_URL}/health`, { headers })).ok
  }, START)
  return { child, url: HUB_URL, headers, lines: output.lines, stop: end }
}

/** The same app as a developer runs it. `fetch` replaces Host there, so URLs are signed for the store itself. */
export async function startWranglerDev(folder: string, variables: Variables) {
  const isSecret = ([name]: [string, string]) => /_SECRET$|_KEY/.test(name)
  const plain = Object.fromEntries(Object.entries(variables).filter((entry) => !isSecret(entry)))
  const secrets = Object.fromEntries(Object.entries(variables).filter(isSecret))
  const [port = 0, inspectorPort = 0] = await quietPorts(2)
  const args = [
    ...['dev', '--config', 'wrangler.toml', '--ip', '127.0.0.1', '--port', String(port)],
    ...['--inspector-port', String(inspectorPort), '--persist-to', join(folder, 'state')],
    ...['--assets', join(folder, 'dist', 'web'), '--show-interactive-dev-session=false'],
    ...Object.entries(plain).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ]
  const wrangler = join(process.cwd(), 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  const child = spawn(process.execPath, [wrangler, ...args], {
    env: {
      ...process.env,
      ...secrets,
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      XDG_CONFIG_HOME: join(folder, 'config'),
      CI: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collectOutput(child)
  atEndOfFile(() => stop(child))
  const url = `http://127.0.0.1:${port}`
  await until(() => answers(url), START).catch((cause) => {
    throw new Error(`wrangler dev:\n${output.lines().join('\n')}`, { cause })
  })
  const die = () => void child.kill('SIGKILL')
  return { url, port, children: [child], die, lines: output.lines }
}

/**
 * The edge in the runtime that the tests are run for. `wrangler dev` is one process, and its clients send bytes to the
 * store and fetch them from there.
 */
export async function startEdge(folder: string, variables: Variables, processes = 1) {
  if (edgeRuntime === 'workerd') return await startWorkerd(folder, variables, processes)
  return await startWranglerDev(folder, {
    ...variables,
    S3_PUBLIC_URL: variables.S3_ENDPOINT ?? '',
  })
}

/** `test` for what `wrangler dev` cannot show; there each case is skipped and says so. */
export function testInWorkerd(reason: string) {
  return (name: string, body: () => Promise<void>) => {
    const isSkipped = edgeRuntime !== 'workerd'
    if (isSkipped) console.warn(`skipped under ${edgeRuntime} dev: ${name} (${reason})`)
    test.skipIf(isSkipped)(name, body)
  }
}
