import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { findBinary } from '../find-binary.ts'
import { makeDataFolder } from './data-folder.ts'
import type { StorePlan } from './store.ts'

export type ValkeyOptions = {
  dataFolder: string
  port: number
  password: string
  /** For tests only: a crash may lose what was written. */
  isDurable?: boolean
}

/**
 * `noeviction` because a queue is not a cache: an evicted key would be a lost job. The append-only file makes
 * a restart keep what waits; losing it altogether costs nothing but time (the outbox has every row).
 */
function configuration({ dataFolder, port, password, isDurable = true }: ValkeyOptions) {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    `requirepass ${password}`,
    `dir ${JSON.stringify(join(dataFolder, 'valkey'))}`,
    'daemonize no',
    'save ""',
    `appendonly ${isDurable ? 'yes' : 'no'}`,
    'appendfsync everysec',
    'auto-aof-rewrite-min-size 16mb',
    'maxmemory-policy noeviction',
    'hz 5',
    'loglevel notice',
    'logfile ""',
    '',
  ].join('\n')
}

export async function planValkey(options: ValkeyOptions): Promise<StorePlan> {
  const server = findBinary('valkey-server') ?? findBinary('redis-server')
  if (!server) throw new Error('valkey-server is missing; install Valkey 8 or set VALKEY_URL')
  await makeDataFolder(options.dataFolder)
  const folder = join(options.dataFolder, 'valkey')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // In a file and not among the arguments, where everyone on the machine could read the password.
  const file = join(folder, 'valkey.conf')
  await writeFile(file, configuration(options), { mode: 0o600 })
  await chmod(file, 0o600)
  return {
    name: 'valkey',
    file: server,
    args: [file],
    cwd: folder,
    stopSignal: 'SIGTERM',
    isReady: () => answersPing(options),
  }
}

/** PONG only comes once the append-only file is loaded. */
function answersPing({ port, password }: ValkeyOptions) {
  return new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const settle = (isReady: boolean) => {
      socket.destroy()
      resolve(isReady)
    }
    let answer = ''
    socket.setTimeout(1000, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('close', () => settle(false))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (answer.includes('+PONG')) settle(true)
      else if (answer.includes('-')) settle(false)
    })
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`))
  })
}
