import { join } from 'node:path'
import type { Variables } from './env-file.ts'
import { answersOk } from './http-health.ts'
import { findJemalloc } from './parts/jemalloc.ts'
import { repositoryFolder } from './paths.ts'
import type { Settings } from './settings.ts'
import type { ProcessSpec } from './supervise.ts'

/**
 * Stopped from the last to the first. The Hub goes before all others: workerd does not end while a WebSocket is open, and
 * those of the edge end with it.
 */
export const LAYERS = ['stores', 'gateway', 'dispatcher', 'workers', 'edge', 'hub'] as const
export type Layer = (typeof LAYERS)[number]

/** The variables that each process gets; of all the others with a secret in them it learns nothing. */
const COMMON = ['LOG_LEVEL', 'TINTYPE_DATA', 'INTERNAL_HOST']
const STORE = ['S3_ENDPOINT', 'S3_REGION', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY']
export const variablesOf = {
  gateway: ['APP_DATABASE_URL', 'GATEWAY_SECRET', 'GATEWAY_PORT'],
  dispatcher: [
    'APP_DATABASE_URL',
    'VALKEY_URL',
    'VALKEY_PREFIX',
    'DISPATCHER_SECRET',
    'DISPATCHER_PORT',
  ],
  media: [
    'APP_DATABASE_URL',
    'VALKEY_URL',
    'VALKEY_PREFIX',
    'MEDIA_SECRET',
    'MEDIA_PORT',
    'MEDIA_CONCURRENCY',
    'HUB_URL',
    'HUB_SECRET',
    ...STORE,
  ],
  hub: [
    'GATEWAY_URL',
    'GATEWAY_SECRET',
    'NEON_URL',
    'HUB_SECRET',
    'STORE_EVENTS_SECRET',
    'S3_BUCKET',
  ],
  gpu: [
    'APP_DATABASE_URL',
    'VALKEY_URL',
    'VALKEY_PREFIX',
    'GPU_SECRET',
    'GPU_PORT',
    'GPU_CONCURRENCY',
    'MODELS_DIR',
    'MODELS_CACHE',
    'MODEL_HUB_URL',
    ...STORE,
  ],
  edge: [
    'GATEWAY_URL',
    'GATEWAY_SECRET',
    'NEON_URL',
    'DISPATCHER_URL',
    'DISPATCHER_SECRET',
    'GPU_URL',
    'GPU_SECRET',
    'HUB_URL',
    'HUB_SECRET',
    'S3_PUBLIC_URL',
    'TRUSTED_PROXIES',
    'SIGNUP_CODE',
    ...STORE,
  ],
} satisfies Record<string, string[]>

/** Small young generations: these processes mostly wait, and a default one may hold 48 MB of garbage. */
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning']
const NODE_MEMORY = {
  gateway: ['--max-semi-space-size=4', '--max-old-space-size=256'],
  dispatcher: ['--max-semi-space-size=8', '--max-old-space-size=256'],
  media: ['--max-semi-space-size=8', '--max-old-space-size=512'],
  gpu: ['--max-semi-space-size=4', '--max-old-space-size=512'],
}
/** Each picture holds one thread of the pool while it is decoded; files are read on the others. */
const THREADS_BESIDE_DECODERS = 3
/** Every thread's own arena keeps what it once needed; two are enough. */
const FEW_ARENAS = { MALLOC_ARENA_MAX: '2' }

/** Freed memory goes back to the system within seconds, in the background. */
const PATIENT_JEMALLOC = { MALLOC_CONF: 'background_thread:true,dirty_decay_ms:5000' }

export const tempFolderOf = (dataFolder: string) => join(dataFolder, 'tmp')

/** The environment without Tintype's own variables: the base for what each process is given. */
export function baseEnvironment(settings: Settings, environment = process.env): Variables {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !(entry[0] in settings.variables),
  )
  return Object.fromEntries(entries)
}

export function pick(variables: Variables, names: string[]): Variables {
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = variables[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** Nobody calls the media worker but this stack, so it has no URL variable. */
export const mediaUrl = ({ variables }: Settings) =>
  `http://${variables.INTERNAL_HOST ?? '127.0.0.1'}:${variables.MEDIA_PORT}`

function nodeProcess(
  settings: Settings,
  name: keyof typeof NODE_MEMORY,
  extra: {
    url: string | undefined
    secret: string | undefined
    env?: Variables
    stopTimeoutMs: number
  },
): ProcessSpec {
  return {
    name,
    file: process.execPath,
    args: [...NODE_FLAGS, ...NODE_MEMORY[name], join(repositoryFolder, 'dist', `${name}.js`)],
    cwd: repositoryFolder,
    env: {
      ...baseEnvironment(settings),
      NODE_ENV: 'production',
      ...FEW_ARENAS,
      ...extra.env,
      ...pick(settings.variables, [...COMMON, ...variablesOf[name]]),
    },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: extra.stopTimeoutMs,
    startTimeoutMs: 60_000,
    isReady: () => answersOk(`${extra.url}/health`, extra.secret),
  }
}

const addressOf = (url: string | undefined) => {
  const { hostname, port, protocol } = new URL(url ?? '')
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

const workerd = join(repositoryFolder, 'node_modules', '.bin', 'workerd')

/** workerd's `external` services, each with the address that a variable names. */
const externalArgs = (variables: Variables, externals: Record<string, string>) =>
  Object.entries(externals).flatMap(([name, url]) => ['-e', `${name}=${addressOf(variables[url])}`])

/** Every socket of the realtime Hub ends here, so there is one of it. */
function hubProcess(settings: Settings): ProcessSpec {
  const { variables } = settings
  return {
    name: 'hub',
    file: workerd,
    args: [
      'serve',
      ...externalArgs(variables, { gateway: 'GATEWAY_URL' }),
      ...['-s', `http=${variables.INTERNAL_HOST ?? '127.0.0.1'}:${variables.HUB_PORT}`],
      join(repositoryFolder, 'dist', 'hub', 'config.capnp'),
    ],
    cwd: repositoryFolder,
    env: {
      ...baseEnvironment(settings),
      ...FEW_ARENAS,
      ...pick(variables, [...COMMON, ...variablesOf.hub]),
    },
    // It holds nothing, and SIGTERM would wait for everybody to leave.
    stopSignal: 'SIGKILL',
    stopTimeoutMs: 10_000,
    startTimeoutMs: 30_000,
    isReady: () => answersOk(`${variables.HUB_URL}/health`, variables.HUB_SECRET),
  }
}

function edgeProcess(settings: Settings, index: number, descriptor: number): ProcessSpec {
  const { variables, host, port } = settings
  const reach = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const isTls = variables.S3_ENDPOINT?.startsWith('https:')
  const externals = {
    gateway: 'GATEWAY_URL',
    dispatcher: 'DISPATCHER_URL',
    gpu: 'GPU_URL',
    hub: 'HUB_URL',
    [isTls ? 'storeTls' : 'store']: 'S3_ENDPOINT',
  }
  return {
    name: `edge-${index + 1}`,
    file: workerd,
    args: [
      'serve',
      '--experimental',
      ...externalArgs(variables, externals),
      '-S',
      'http=3',
      join(repositoryFolder, 'dist', 'edge', 'config.capnp'),
    ],
    cwd: repositoryFolder,
    env: {
      ...baseEnvironment(settings),
      ...FEW_ARENAS,
      ...pick(variables, [...COMMON, ...variablesOf.edge]),
    },
    descriptor,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    startTimeoutMs: 30_000,
    isReady: () => answersOk(`http://${reach}:${port}/api/server/ping`),
  }
}

/** Everything that runs besides the stores. A worker more is a line more. */
export function processTable(
  settings: Settings,
  descriptor: number,
): Record<Exclude<Layer, 'stores'>, ProcessSpec[]> {
  const { variables } = settings
  const jemalloc = findJemalloc()
  return {
    gateway: [
      nodeProcess(settings, 'gateway', {
        url: variables.GATEWAY_URL,
        secret: variables.GATEWAY_SECRET,
        stopTimeoutMs: 10_000,
      }),
    ],
    hub: [hubProcess(settings)],
    dispatcher: [
      nodeProcess(settings, 'dispatcher', {
        url: variables.DISPATCHER_URL,
        secret: variables.DISPATCHER_SECRET,
        stopTimeoutMs: 10_000,
      }),
    ],
    workers: [
      nodeProcess(settings, 'media', {
        url: mediaUrl(settings),
        secret: variables.MEDIA_SECRET,
        env: {
          UV_THREADPOOL_SIZE: String(Number(variables.MEDIA_CONCURRENCY) + THREADS_BESIDE_DECODERS),
          // Originals pass through here: on the disk of the data, closed to other accounts of this machine.
          TMPDIR: tempFolderOf(settings.dataFolder),
          ...(jemalloc && { LD_PRELOAD: jemalloc, ...PATIENT_JEMALLOC }),
        },
        stopTimeoutMs: 30_000,
      }),
      nodeProcess(settings, 'gpu', {
        url: variables.GPU_URL,
        secret: variables.GPU_SECRET,
        env: { ...(jemalloc && { LD_PRELOAD: jemalloc, ...PATIENT_JEMALLOC }) },
        stopTimeoutMs: 30_000,
      }),
    ],
    edge: Array.from({ length: settings.edgeProcesses }, (_, index) =>
      edgeProcess(settings, index, descriptor),
    ),
  }
}
