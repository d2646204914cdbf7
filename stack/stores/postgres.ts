import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { findBinary } from '../find-binary.ts'
import { canReach, postgresFolder, unprivilegedAccount } from './account.ts'
import { makeDataFolder } from './data-folder.ts'
import type { Account, StorePlan } from './store.ts'

export type PostgresOptions = {
  dataFolder: string
  port: number
  user: string
  password: string
  /** For tests only: a crash may lose what was written. */
  isDurable?: boolean
}

/** Modest on purpose: one person's library fits, and an idle machine keeps its memory. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '128MB',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  effective_cache_size: '1GB',
  max_connections: '80',
  max_wal_size: '1GB',
  wal_compression: 'on',
  jit: 'off',
  random_page_cost: '1.1',
  // Planning and waking cost nothing while nobody writes.
  bgwriter_delay: '1s',
  wal_writer_delay: '500ms',
  autovacuum_naptime: '60s',
  max_parallel_workers_per_gather: '1',
  logging_collector: 'off',
  log_line_prefix: '',
  log_min_messages: 'warning',
  log_statement: 'none',
  timezone: 'UTC',
}
const CARELESS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

function run(file: string, args: string[], account: Account | undefined, cwd: string) {
  return new Promise<void>((resolve, reject) => {
    const child = spawn(file, args, { ...account, cwd, stdio: ['ignore', 'ignore', 'pipe'] })
    const complaints: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(
            new Error(`${file} ended with ${code}: ${Buffer.concat(complaints).toString().trim()}`),
          ),
    )
  })
}

async function hasCluster(folder: string) {
  return readFile(join(folder, 'PG_VERSION'), 'utf8').then(
    (version) => version.trim(),
    () => undefined,
  )
}

async function makeFolder(folder: string, account: Account | undefined) {
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (!account) return
  await chown(folder, account.uid, account.gid)
  if (!canReach(folder, account)) throw new Error(`The account of Postgres cannot reach ${folder}`)
}

async function initialize(folder: string, options: PostgresOptions, account: Account | undefined) {
  const initdb = findBinary('initdb')
  if (!initdb) throw new Error('initdb is missing; it comes with the PostgreSQL server')
  // initdb wants the password in a file that its own account can read.
  const passwordFile = join(dirname(folder), `.initdb-${randomUUID()}`)
  await writeFile(passwordFile, options.password, { mode: 0o600 })
  if (account) await chown(passwordFile, account.uid, account.gid)
  try {
    const args = ['--data-checksums', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8']
    const owner = [`--username=${options.user}`, `--pwfile=${passwordFile}`]
    await run(initdb, ['-D', folder, ...args, ...owner], account, folder)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  } finally {
    await rm(passwordFile, { force: true })
  }
}

function assertVersion(folder: string, written: string | undefined, postgres: string) {
  // Debian's and Homebrew's folders carry the version in their name.
  const installed = /postgresql[@/](\d+)/.exec(postgres)?.[1]
  if (!written || !installed || installed === written) return
  throw new Error(
    `${folder} was written by PostgreSQL ${written}, and ${postgres} is ${installed}. Put version ${written} on PATH, or move the data with pg_upgrade.`,
  )
}

/** Makes the cluster if there is none, and answers how to run it. */
export async function planPostgres(options: PostgresOptions): Promise<StorePlan> {
  await makeDataFolder(options.dataFolder)
  const account = unprivilegedAccount()
  const folder = postgresFolder(options.dataFolder, account)
  const written = await hasCluster(folder)
  const postgres = findPostgres(written)
  if (!postgres) throw new Error('postgres is missing; install PostgreSQL or set DATABASE_URL')
  assertVersion(folder, written, postgres)
  if (!written) {
    await makeFolder(folder, account)
    await initialize(folder, options, account)
  }
  const settings = {
    ...SETTINGS,
    ...(options.isDurable === false ? CARELESS : {}),
    port: options.port,
  }
  return {
    name: 'postgres',
    file: postgres,
    args: [
      '-D',
      folder,
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    cwd: folder,
    stopSignal: 'SIGINT',
    waitsForClientsAt: /received smart shutdown request/,
    isReady: () => answersStartup(options.port),
    ...(account && { account }),
  }
}

/** A cluster runs only under the version that made it; Debian has them side by side. */
function findPostgres(version: string | undefined) {
  const exact = version && findBinary('postgres', [`/usr/lib/postgresql/${version}/bin`])
  return exact || findBinary('postgres')
}

const PROTOCOL_3 = 196608

/**
 * A listening Postgres may still replay its log and refuse with "the database system is starting up" (an
 * error packet). Asking for a password (`R`) is the first sign that it takes clients.
 */
function answersStartup(port: number) {
  return new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const settle = (isReady: boolean) => {
      socket.destroy()
      resolve(isReady)
    }
    socket.setTimeout(1000, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('data', (chunk) => settle(chunk[0] === 'R'.charCodeAt(0)))
    socket.once('close', () => settle(false))
    socket.once('connect', () => {
      const parameters = Buffer.from('user\0tintype\0database\0postgres\0\0')
      const head = Buffer.alloc(8)
      head.writeInt32BE(parameters.length + 8)
      head.writeInt32BE(PROTOCOL_3, 4)
      socket.write(Buffer.concat([head, parameters]))
    })
  })
}
