import { connect } from 'node:net'
import { Complaint } from './complaint.ts'
import type { Settings } from './settings.ts'

const GIVEN = { postgres: 'DATABASE_URL', valkey: 'VALKEY_URL', minio: 'S3_ENDPOINT' } as const
const PORTS: Record<string, number> = {
  'http:': 80,
  'https:': 443,
  'redis:': 6379,
  'rediss:': 6379,
}
const POSTGRES_PORT = 5432
const TIMEOUT_MS = 5000

function reasonOf(url: URL) {
  const port = Number(url.port) || (PORTS[url.protocol] ?? POSTGRES_PORT)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return new Promise<string | undefined>((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS })
    const settle = (reason?: string) => {
      socket.destroy()
      resolve(reason)
    }
    socket.once('connect', () => settle())
    socket.once('timeout', () => settle(`no answer within ${TIMEOUT_MS / 1000} s`))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
  })
}

/** The stores that somebody else runs: without them the start would only wait, and end in words about something else. */
export async function assertReachable({ variables, ownStores }: Settings) {
  for (const [store, name] of Object.entries(GIVEN)) {
    if ([...ownStores].some((own) => own === store)) continue
    const url = new URL(variables[name] ?? '')
    const reason = await reasonOf(url)
    if (reason)
      throw new Complaint(
        `${name} names ${url.host}, where nobody answers (${reason}). Start what is to run there, or correct ${name}; without it, Tintype runs its own.`,
      )
  }
}
