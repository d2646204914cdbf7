import { randomBytes, randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { Complaint } from './complaint.ts'
import { readEnvFile, type Variables, writeEnvFile } from './env-file.ts'
import { repositoryFolder } from './paths.ts'
import { makeDataFolder } from './stores/data-folder.ts'
import { freePortsFrom } from './stores/free-port.ts'

export type StoreName = 'postgres' | 'valkey' | 'minio'

export type Settings = {
  dataFolder: string
  host: string
  port: number
  edgeProcesses: number
  /** Every variable under its name in `.env.example`. */
  variables: Variables
  /** The stores that this stack runs itself: those whose URL nobody gave. */
  ownStores: Set<StoreName>
}

const DEFAULT_PORT = 2283
/** Ten ports for each public one (2283 → 22830…), so that two stacks on one machine seldom want the same. */
const internalPortsFrom = (port: number) => 20_000 + (port % 1000) * 10
const INTERNAL_PORTS = [
  'postgres',
  'valkey',
  'minio',
  'gateway',
  'dispatcher',
  'media',
  'gpu',
  'hub',
] as const

const secret = () => randomBytes(24).toString('base64url')

/** Without letters that look like digits. */
const CODE_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const signupCode = () =>
  Array.from({ length: 10 }, () => CODE_LETTERS[randomInt(CODE_LETTERS.length)]).join('')

export const isLoopback = (host: string) => /^(localhost|127\.|::1$|\[::1\]$)/.test(host)

async function generate(port: number): Promise<Variables> {
  const ports = await freePortsFrom(internalPortsFrom(port) + 1, INTERNAL_PORTS.length)
  const at = Object.fromEntries(INTERNAL_PORTS.map((name, index) => [name, ports[index] ?? 0]))
  return {
    DATABASE_URL: `postgres://tintype:${secret()}@127.0.0.1:${at.postgres}/tintype`,
    APP_DATABASE_URL: `postgres://tintype_app:${secret()}@127.0.0.1:${at.postgres}/tintype`,
    VALKEY_URL: `redis://:${secret()}@127.0.0.1:${at.valkey}`,
    S3_ENDPOINT: `http://127.0.0.1:${at.minio}`,
    S3_REGION: 'us-east-1',
    S3_BUCKET: 'tintype',
    S3_ACCESS_KEY_ID: `tintype${randomBytes(6).toString('hex')}`,
    S3_SECRET_ACCESS_KEY: secret(),
    GATEWAY_URL: `http://127.0.0.1:${at.gateway}`,
    GATEWAY_PORT: String(at.gateway),
    GATEWAY_SECRET: secret(),
    DISPATCHER_URL: `http://127.0.0.1:${at.dispatcher}`,
    DISPATCHER_PORT: String(at.dispatcher),
    DISPATCHER_SECRET: secret(),
    MEDIA_PORT: String(at.media),
    MEDIA_SECRET: secret(),
    GPU_URL: `http://127.0.0.1:${at.gpu}`,
    GPU_PORT: String(at.gpu),
    GPU_SECRET: secret(),
    HUB_URL: `http://127.0.0.1:${at.hub}`,
    HUB_PORT: String(at.hub),
    HUB_SECRET: secret(),
    STORE_EVENTS_SECRET: secret(),
  }
}

/** Came after the first version. */
const GENERATED = ['DATABASE_URL', 'GPU_SECRET', 'HUB_SECRET', 'STORE_EVENTS_SECRET']

/** Names that the environment may set; each overrides the file. */
const KNOWN = [
  'PORT',
  'HOST',
  'DATABASE_URL',
  'APP_DATABASE_URL',
  'VALKEY_URL',
  'VALKEY_PREFIX',
  'INTERNAL_HOST',
  'S3_ENDPOINT',
  'S3_REGION',
  'S3_BUCKET',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'S3_PUBLIC_URL',
  'GATEWAY_URL',
  'GATEWAY_SECRET',
  'GATEWAY_PORT',
  'DISPATCHER_URL',
  'DISPATCHER_SECRET',
  'DISPATCHER_PORT',
  'MEDIA_SECRET',
  'MEDIA_PORT',
  'MEDIA_CONCURRENCY',
  'GPU_URL',
  'GPU_SECRET',
  'GPU_PORT',
  'GPU_CONCURRENCY',
  'MODELS_DIR',
  'MODELS_CACHE',
  'MODEL_HUB_URL',
  'HUB_URL',
  'HUB_SECRET',
  'HUB_PORT',
  'STORE_EVENTS_SECRET',
  'EDGE_PROCESSES',
  'TRUSTED_PROXIES',
  'SIGNUP_CODE',
  'LOG_LEVEL',
  'NEON_URL',
] as const

function fromEnvironment(environment: NodeJS.ProcessEnv): Variables {
  return Object.fromEntries(
    KNOWN.flatMap((name): [string, string][] => {
      const value = environment[name]
      return value ? [[name, value]] : []
    }),
  )
}

/** One's own database still gets the app role's generated password: migrate makes that role. */
function appUrlBeside(databaseUrl: string, generated: string | undefined) {
  // What it is wrong in is told where all variables are looked at.
  if (!URL.canParse(databaseUrl)) return databaseUrl
  const url = new URL(databaseUrl)
  url.username = 'tintype_app'
  url.password = generated ? new URL(generated).password : secret()
  return url.href
}

function numberBetween(
  name: string,
  value: string | undefined,
  [low, high, fallback]: [number, number, number],
) {
  if (value === undefined) return fallback
  const number = Number(value)
  if (Number.isInteger(number) && number >= low && number <= high) return number
  throw new Complaint(`${name} is ${value}; it has to be a number from ${low} to ${high}.`)
}

function demandKeys(given: Variables) {
  if (!given.S3_ENDPOINT) return
  const lacking = ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'].filter((name) => !given[name])
  if (lacking.length === 0) return
  throw new Complaint(`S3_ENDPOINT is set, so ${lacking.join(' and ')} must be set too.`)
}

export function dataFolderOf(environment = process.env) {
  return resolve(repositoryFolder, environment.TINTYPE_DATA || '.tintype')
}

export const envPath = (dataFolder: string) => join(dataFolder, 'env')

function storesOf(given: Variables) {
  const own = new Set<StoreName>()
  if (!given.DATABASE_URL) own.add('postgres')
  if (!given.VALKEY_URL) own.add('valkey')
  if (!given.S3_ENDPOINT) own.add('minio')
  return own
}

/** A file that an older version wrote lacks the names that came since. What it has stays. */
async function complement(stored: Variables, port: number): Promise<Variables> {
  const isComplete = GENERATED.every((name) => stored[name])
  return isComplete ? stored : { ...(await generate(port)), ...stored }
}

/** What the file holds and what was newly made for it, the environment on top. */
export async function loadSettings(environment = process.env): Promise<Settings> {
  const dataFolder = dataFolderOf(environment)
  await makeDataFolder(dataFolder)
  const given = fromEnvironment(environment)
  demandKeys(given)
  const path = envPath(dataFolder)
  const stored = await readEnvFile(path)
  const port = numberBetween('PORT', given.PORT ?? stored.PORT, [1, 65_535, DEFAULT_PORT])
  const host = given.HOST ?? stored.HOST ?? '127.0.0.1'
  const complete = await complement(stored, port)
  if (!isLoopback(host) && !given.SIGNUP_CODE) complete.SIGNUP_CODE ??= signupCode()
  if (Object.keys(complete).length !== Object.keys(stored).length)
    await writeEnvFile(path, complete)

  const variables: Variables = {
    LOG_LEVEL: 'info',
    MEDIA_CONCURRENCY: String(Math.max(1, availableParallelism())),
    GPU_CONCURRENCY: '1',
    MODELS_CACHE: join(dataFolder, 'models'),
    MODEL_HUB_URL: 'https://huggingface.co',
    ...complete,
    ...given,
    PORT: String(port),
    HOST: host,
    TINTYPE_DATA: dataFolder,
  }
  if (given.DATABASE_URL && !given.APP_DATABASE_URL) {
    variables.APP_DATABASE_URL = appUrlBeside(given.DATABASE_URL, complete.APP_DATABASE_URL)
  }
  // A code from an earlier start on the network asks nothing of a start on loopback.
  if (isLoopback(host) && !given.SIGNUP_CODE) delete variables.SIGNUP_CODE
  const edgeProcesses = numberBetween('EDGE_PROCESSES', variables.EDGE_PROCESSES, [1, 64, 2])
  return { dataFolder, host, port, edgeProcesses, variables, ownStores: storesOf(given) }
}
