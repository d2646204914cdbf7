import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { answer, routeOf, routes } from './answer.ts'
import { boundedQueue } from './bounded-queue.ts'
import { send } from './http.ts'
import { createMetrics } from './metrics.ts'
import { PASSWORD_COST, type PasswordCost } from './passwords.ts'

type Options = {
  /** Of a role that cannot alter the schema. */
  databaseUrl: string
  secret: string
  host: string
  /** 0 takes a free one. */
  port: number
  log: Logger
  /** Resolves when the database has the schema. */
  schemaReady: Promise<unknown>
  poolMax?: number
  statementTimeoutMs?: number
  hashing?: { concurrency: number; maxWaiting: number }
  passwordCost?: PasswordCost
}

export type Gateway = { url: string; close(): Promise<void> }

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 60_000
const KEEP_ALIVE_MS = 60_000
const DRAIN_MS = 10_000
const STATEMENT_TIMEOUT_MS = 30_000
// Two of libuv's four threads: names still resolve while passwords are hashed.
const HASHING = { concurrency: 2, maxWaiting: 32 }

/** Listens, and serves until `close`, which lets what runs come to its end. */
export async function startGateway(options: Options): Promise<Gateway> {
  const { databaseUrl, secret, host, log, schemaReady } = options
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.poolMax ?? 10,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    // A gateway that hangs or loses its machine must not hold locks for ever.
    idle_in_transaction_session_timeout: statementTimeoutMs,
    application_name: 'tintype gateway',
  })
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'))

  const hashing = boundedQueue(options.hashing ?? HASHING)
  const metrics = createMetrics(gaugesOf(pool, hashing))
  let isReady = false
  schemaReady.then(
    () => {
      isReady = true
    },
    (error) => log.error({ err: error }, 'the database has not the schema that is needed'),
  )
  const passwordCost = options.passwordCost ?? PASSWORD_COST
  const deps = { pool, secret, hashing, passwordCost, metrics, isReady: () => isReady }

  const server = createServer(async (request, response) => {
    const startedAt = performance.now()
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableEnded) gone.abort(new Error('the caller went away'))
    })
    const report = (error: unknown) =>
      log.error({ err: error, requestId: request.headers['x-correlation-id'] }, 'a request failed')
    const result = await answer(deps, { request, signal: gone.signal, report })
    // Kept alive, the connection would hold up the end until the patience with it is over.
    if (!server.listening) response.shouldKeepAlive = false
    send(response, result)
    const name = routeOf(request)
    metrics.observe({
      route: routes[name] ? (name.split(' ')[1] ?? '') : 'other',
      status: result.status,
      seconds: (performance.now() - startedAt) / 1000,
    })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.listen(options.port, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      await Promise.race([closed, sleep(DRAIN_MS, undefined, { ref: false })])
      server.closeAllConnections()
      await closed
      await pool.end()
    },
  }
}

function gaugesOf(pool: pg.Pool, hashing: ReturnType<typeof boundedQueue>) {
  const connections = 'tintype_gateway_connections'
  const help = 'Connections to Postgres, and requests that wait for one.'
  return [
    { name: connections, help, labels: 'state="open"', read: () => pool.totalCount },
    { name: connections, help, labels: 'state="idle"', read: () => pool.idleCount },
    { name: connections, help, labels: 'state="awaited"', read: () => pool.waitingCount },
    {
      name: 'tintype_gateway_passwords_waiting',
      help: 'Passwords that wait to be hashed.',
      read: hashing.waiting,
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      read: () => process.memoryUsage.rss(),
    },
  ]
}
