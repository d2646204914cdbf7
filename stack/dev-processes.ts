import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Variables } from './env-file.ts'
import { answersOk } from './http-health.ts'
import { OFFLINE } from './offline.ts'
import { repositoryFolder } from './paths.ts'
import { runFolderOf } from './preflight.ts'
import { baseEnvironment, type Layer, pick, processTable, variablesOf } from './processes.ts'
import type { Settings } from './settings.ts'
import type { ProcessSpec } from './supervise.ts'

const bin = (name: string) => join(repositoryFolder, 'node_modules', '.bin', name)

/** Straight from the source, and again whenever it changes. */
function watched(spec: ProcessSpec, entry: string): ProcessSpec {
  const flags = ['--watch', '--watch-preserve-output', '--disable-warning=ExperimentalWarning']
  return {
    ...spec,
    args: [...flags, join(repositoryFolder, entry)],
    env: { ...spec.env, NODE_ENV: 'development' },
  }
}

/** wrangler's `fetch` replaces Host, so URLs signed for this origin would not hold on their way: browsers go to the store. */
function edgeVariables({ variables }: Settings): Variables {
  return {
    ...pick(variables, [...variablesOf.edge, 'LOG_LEVEL']),
    S3_PUBLIC_URL: variables.S3_PUBLIC_URL ?? variables.S3_ENDPOINT ?? '',
  }
}

/** wrangler takes variables and secrets from a file. */
function writeVariables({ dataFolder }: Settings, name: string, given: Variables) {
  const file = join(runFolderOf(dataFolder), `dev.${name}.vars`)
  const lines = Object.entries(given).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600 })
  chmodSync(file, 0o600)
  return file
}

type Worker = Pick<ProcessSpec, 'name' | 'isReady'> & {
  config: string
  port: number
  variables: Variables
}

function wrangler(settings: Settings, worker: Worker): ProcessSpec {
  const { name, config, port, variables, isReady } = worker
  const stateFolder = join(settings.dataFolder, 'wrangler')
  return {
    name,
    file: bin('wrangler'),
    args: [
      ...['dev', '--config', config],
      ...['--port', String(port), '--ip', '127.0.0.1', '--inspector-port', '0'],
      ...['--env-file', writeVariables(settings, name, variables)],
      ...['--persist-to', stateFolder],
      '--show-interactive-dev-session=false',
    ],
    cwd: repositoryFolder,
    env: {
      ...baseEnvironment(settings),
      ...OFFLINE,
      NO_COLOR: '1',
      // Where the workers of this stack, and of no other, find one another.
      WRANGLER_REGISTRY_PATH: join(stateFolder, 'registry'),
    },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    startTimeoutMs: 120_000,
    isReady,
  }
}

function edge(settings: Settings, port: number): ProcessSpec {
  // wrangler insists on the folder of the gallery, which Vite serves here.
  mkdirSync(join(repositoryFolder, 'dist', 'web'), { recursive: true })
  return wrangler(settings, {
    name: 'edge-wrangler',
    config: 'wrangler.toml',
    port,
    variables: edgeVariables(settings),
    isReady: () => answersOk(`http://127.0.0.1:${port}/api/server/ping`),
  })
}

/** The door to the Hub, which itself lives in the edge here: it answers once both are there. */
function hubDoor(settings: Settings, { isReady }: ProcessSpec): ProcessSpec {
  const { variables } = settings
  return wrangler(settings, {
    name: 'hub',
    config: 'edge/internal/wrangler.toml',
    port: Number(variables.HUB_PORT),
    variables: pick(variables, [...variablesOf.hub, 'LOG_LEVEL']),
    isReady,
  })
}

function vite(settings: Settings, edgePort: number): ProcessSpec {
  const { host, port, variables } = settings
  return {
    name: 'edge-vite',
    file: bin('vite'),
    args: ['web', '--host', host, '--port', String(port), '--strictPort', '--clearScreen', 'false'],
    cwd: repositoryFolder,
    env: {
      ...baseEnvironment(settings),
      ...pick(variables, ['S3_BUCKET']),
      EDGE_URL: `http://127.0.0.1:${edgePort}`,
      NO_COLOR: '1',
    },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 5000,
    startTimeoutMs: 60_000,
    isReady: () => answersOk(`http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}/`),
  }
}

/** `npm run dev`: the same processes from the source, with wrangler and Vite in front. */
export function devProcessTable(
  settings: Settings,
  edgePort: number,
): Record<Exclude<Layer, 'stores'>, ProcessSpec[]> {
  const table = processTable(settings, 0)
  return {
    gateway: table.gateway.map((spec) => watched(spec, 'gateway/index.ts')),
    hub: [],
    dispatcher: table.dispatcher.map((spec) => watched(spec, 'workers/dispatcher/index.ts')),
    workers: table.workers.map((spec) => watched(spec, `workers/${spec.name}/index.ts`)),
    edge: [
      edge(settings, edgePort),
      vite(settings, edgePort),
      ...table.hub.map((spec) => hubDoor(settings, spec)),
    ],
  }
}
