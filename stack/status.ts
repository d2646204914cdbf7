import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Complaint } from './complaint.ts'
import { findBinary } from './find-binary.ts'
import { answersOk, readJson } from './http-health.ts'
import { repositoryFolder } from './paths.ts'
import { listRunning, type Running } from './pid-file.ts'
import { rememberedUrl, runFolderOf, runningStack } from './preflight.ts'
import { mediaUrl } from './processes.ts'
import { proportionalBytes, withDescendants } from './proportional-memory.ts'
import { runCommand } from './run-command.ts'
import { dataFolderOf, envPath, loadSettings, type Settings } from './settings.ts'

/** As wide as `edge-wrangler`. */
const NAME_WIDTH = 13

const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`

/** PSS of a process and of what it started; undefined off Linux. */
function memoryOf(pid: number) {
  if (process.platform !== 'linux') return undefined
  const sizes = withDescendants([pid]).map((one) => proportionalBytes(one) ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function healthOf({ name }: Running, settings: Settings) {
  const { variables } = settings
  const { GATEWAY_URL, GATEWAY_SECRET, DISPATCHER_URL, DISPATCHER_SECRET, MEDIA_SECRET } = variables
  const { GPU_URL, GPU_SECRET } = variables
  if (name === 'gateway') return answersOk(`${GATEWAY_URL}/health`, GATEWAY_SECRET)
  if (name === 'dispatcher') return answersOk(`${DISPATCHER_URL}/health`, DISPATCHER_SECRET)
  if (name === 'hub') return answersOk(`${variables.HUB_URL}/health`, variables.HUB_SECRET)
  if (name === 'media') return answersOk(`${mediaUrl(settings)}/health`, MEDIA_SECRET)
  if (name === 'gpu') return answersOk(`${GPU_URL}/health`, GPU_SECRET)
  if (name.startsWith('edge')) return answersOk(`${rememberedUrl(settings)}/api/server/ping`)
  if (name === 'minio') return answersOk(`${variables.S3_ENDPOINT}/minio/health/ready`)
  return undefined
}

async function versionOf(name: string, args: string[]) {
  const file = findBinary(name)
  if (!file) return 'not found'
  const output = await runCommand(file, args).catch(() => 'unknown')
  return output.trim().split('\n')[0]?.slice(0, 90) ?? 'unknown'
}

async function versions(settings: Settings) {
  const own = JSON.parse(readFileSync(join(repositoryFolder, 'package.json'), 'utf8')).version
  const stored = (
    [
      ['PostgreSQL', 'postgres', ['--version']],
      ['Valkey', 'valkey-server', ['--version']],
      ['MinIO', 'minio', ['--version']],
      ['ffmpeg', 'ffmpeg', ['-version']],
      ['libvips', 'vipsthumbnail', ['--version']],
      ['workerd', 'workerd', ['--version']],
    ] satisfies [string, string, string[]][]
  ).map(async ([title, name, args]) => [title, await versionOf(name, args)])
  const given = [
    ['DATABASE_URL', 'postgres'],
    ['VALKEY_URL', 'valkey'],
    ['S3_ENDPOINT', 'minio'],
  ].filter(([, store]) => ![...settings.ownStores].some((name) => name === store))
  return [
    ['Tintype', own],
    ['Node', process.version],
    ...(await Promise.all(stored)),
    ...given.map(([variable]) => [String(variable), 'given in the environment']),
  ]
}

async function processLines(settings: Settings, running: Running[]) {
  const sorted = [...running].sort((a, b) => a.name.localeCompare(b.name))
  const rows = await Promise.all(
    sorted.map(async (one) => {
      // The supervisor is everyone's parent; only its own memory is its own.
      const bytes = one.name === 'stack' ? proportionalBytes(one.pid) : memoryOf(one.pid)
      const isHealthy = await healthOf(one, settings)
      const health = isHealthy === undefined ? 'runs' : isHealthy ? 'healthy' : 'DOES NOT ANSWER'
      return { ...one, bytes: bytes ?? 0, health }
    }),
  )
  const sum = rows.reduce((total, { bytes }) => total + bytes, 0)
  return [
    ...rows.map(
      ({ name, pid, bytes, health }) =>
        `  ${name.padEnd(NAME_WIDTH)} ${String(pid).padStart(7)}  ${megabytes(bytes).padStart(7)}  ${health}`,
    ),
    `  ${'in all'.padEnd(NAME_WIDTH)} ${''.padStart(7)}  ${megabytes(sum).padStart(7)}`,
  ]
}

/** `npm run status`: exit code 0 when the stack runs, 3 (as init scripts have it) when it does not. */
export async function status() {
  const dataFolder = dataFolderOf()
  if (!existsSync(envPath(dataFolder))) {
    throw new Complaint(`Tintype was never started in ${dataFolder}.`)
  }
  const settings = await loadSettings()
  const running = listRunning(runFolderOf(settings.dataFolder))
  if (!runningStack(settings.dataFolder)) {
    console.log(`Tintype does not run in ${settings.dataFolder}.`)
    process.exitCode = 3
  } else {
    const about = await readJson(`${rememberedUrl(settings)}/api/server/version`)
    console.log(
      `Tintype runs at ${rememberedUrl(settings)}${about ? '' : ', which does not answer'}\n`,
    )
  }
  if (running.length > 0) console.log((await processLines(settings, running)).join('\n'))
  console.log('')
  for (const [title, version] of await versions(settings))
    console.log(`  ${title?.padEnd(NAME_WIDTH)} ${version}`)
}
