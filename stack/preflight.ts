import { readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Complaint } from './complaint.ts'
import { findRunning, listPidNames, listRunning, type Running, removePid } from './pid-file.ts'
import { tempFolderOf } from './processes.ts'
import type { Settings } from './settings.ts'
import { isFree } from './stores/free-port.ts'

const SUPERVISOR = 'stack'
const NEEDED_BYTES = 256 * 1024 * 1024
const END_TIMEOUT_MS = 20_000

export const runFolderOf = (dataFolder: string) => join(dataFolder, 'run')
export const logFolderOf = (dataFolder: string) => join(dataFolder, 'logs')

export async function makeFolders(dataFolder: string) {
  await mkdir(runFolderOf(dataFolder), { recursive: true })
  await mkdir(logFolderOf(dataFolder), { recursive: true, mode: 0o750 })
  await mkdir(tempFolderOf(dataFolder), { recursive: true, mode: 0o700 })
}

export function runningStack(dataFolder: string) {
  return findRunning(runFolderOf(dataFolder), SUPERVISOR)
}

export function publicUrl({ host, port }: Pick<Settings, 'host' | 'port'>) {
  const name = ['0.0.0.0', '::', '127.0.0.1'].includes(host) ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** PORT and HOST may have been given to that start only. */
export function rememberUrl(dataFolder: string, url: string) {
  writeFileSync(join(runFolderOf(dataFolder), 'url'), url)
}

export function rememberedUrl(settings: Settings) {
  try {
    return readFileSync(join(runFolderOf(settings.dataFolder), 'url'), 'utf8')
  } catch {
    return publicUrl(settings)
  }
}

export function assertNotRunning(settings: Settings) {
  const { dataFolder } = settings
  const running = runningStack(dataFolder)
  if (!running) return
  const others = listRunning(runFolderOf(dataFolder)).filter(({ name }) => name !== SUPERVISOR)
  const list = others.map(({ name, pid }) => `${name} (${pid})`).join(', ')
  throw new Complaint(
    `Tintype already runs in ${dataFolder}: process ${running.pid}${list && `, with ${list}`}.\nIt is at ${rememberedUrl(settings)}. Stop it with Ctrl-C where it was started, or with: kill ${running.pid}`,
  )
}

function isAlive(runFolder: string, { name, pid }: Running) {
  return findRunning(runFolder, name)?.pid === pid
}

/** As LAYERS has it. */
const rank = (name: string) =>
  ['hub', 'edge', 'media', 'gpu', 'dispatcher', 'gateway'].findIndex((prefix) =>
    name.startsWith(prefix),
  ) + 1 || 9

/** Postgres ends at once and safely on SIGINT; the Hub would wait for everybody to leave. */
const SIGNALS: Record<string, NodeJS.Signals> = { postgres: 'SIGINT', hub: 'SIGKILL' }

/** What has ended by itself meanwhile, such as with the one that was stopped before it, is as good as stopped. */
function send(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * A supervisor that was itself killed leaves its processes behind. They are known by their pid files, and by when they
 * began: a number that now belongs to another program is only a stale file.
 */
export async function endLeftovers(dataFolder: string, say: (line: string) => void) {
  const runFolder = runFolderOf(dataFolder)
  const leftovers = listRunning(runFolder)
    .filter(({ name }) => name !== SUPERVISOR)
    .sort((a, b) => rank(a.name) - rank(b.name))
  if (leftovers.length > 0) {
    const list = leftovers.map(({ name, pid }) => `${name} (${pid})`).join(', ')
    say(`An earlier start ended without stopping ${list}; stopping that first.`)
  }
  for (const leftover of leftovers) {
    send(leftover.pid, SIGNALS[leftover.name] ?? 'SIGTERM')
    const until = Date.now() + END_TIMEOUT_MS
    while (isAlive(runFolder, leftover)) {
      if (Date.now() > until) send(-leftover.pid, 'SIGKILL')
      await sleep(50)
    }
  }
  for (const name of listPidNames(runFolder)) removePid(runFolder, name)
}

export function freeBytes(folder: string) {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`

export function assertSpace(folder: string, free = freeBytes(folder)) {
  if (free >= NEEDED_BYTES) return
  throw new Complaint(
    `The disk of ${folder} is full: ${megabytes(free)} are free, and Tintype needs ${megabytes(NEEDED_BYTES)} to start. Free some space, or set TINTYPE_DATA to a folder on another disk.`,
  )
}

/** The internal ports, with the variables that name them. */
export function internalPorts({ variables, ownStores }: Settings) {
  const urls = [
    ...(ownStores.has('postgres') ? ['DATABASE_URL'] : []),
    ...(ownStores.has('valkey') ? ['VALKEY_URL'] : []),
    ...(ownStores.has('minio') ? ['S3_ENDPOINT'] : []),
  ].map((name) => ({ name, port: Number(new URL(variables[name] ?? '').port) }))
  const ports = ['GATEWAY_PORT', 'DISPATCHER_PORT', 'MEDIA_PORT', 'GPU_PORT', 'HUB_PORT'].map(
    (name) => ({
      name,
      port: Number(variables[name]),
    }),
  )
  return [...urls, ...ports]
}

export async function assertPortsFree(settings: Settings, envFile: string) {
  for (const { name, port } of internalPorts(settings)) {
    if (await isFree(port)) continue
    throw new Complaint(
      `Port ${port}, which ${name} in ${envFile} names, is in use by another program. Stop that program, or write another port there.`,
    )
  }
}
