import type { IncomingMessage } from 'node:http'
import pg from 'pg'
import type { z } from 'zod'
import { type boundedQueue, QueueFullError } from './bounded-queue.ts'
import { type Answer, carriesSecret, HttpError, json, readJson } from './http.ts'
import type { Metrics } from './metrics.ts'
import {
  HashRequest,
  hashPassword,
  type PasswordCost,
  VerifyRequest,
  verifyPassword,
} from './passwords.ts'
import { runStatements } from './run-statements.ts'
import { beginOf, SqlHeaders, SqlRequest } from './statements.ts'

export type GatewayDeps = {
  pool: pg.Pool
  secret: string
  hashing: ReturnType<typeof boundedQueue>
  passwordCost: PasswordCost
  metrics: Metrics
  isReady: () => boolean
}

type Route = (deps: GatewayDeps, request: IncomingMessage, signal: AbortSignal) => Promise<Answer>

const MAX_SQL_BYTES = 16 * 1024 * 1024
const MAX_PASSWORD_BYTES = 16 * 1024
const RETRY_AFTER_SECONDS = '1'

/** Postgres starts, stops, is full, or does not let us in: not the statement's doing. */
const UNAVAILABLE = /^(?:57P0[1-5]|53300|28...|3D000)$/

/** The driver makes its error from these; `message` stands beside them. */
const ERROR_FIELDS = [
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const

export const routes: Record<string, Route> = {
  'POST /sql': async ({ pool }, request, signal) => {
    const headers = parse(SqlHeaders, request.headers)
    const body = parse(SqlRequest, await readJson(request, MAX_SQL_BYTES))
    return json(200, await runStatements(pool, { request: body, begin: beginOf(headers), signal }))
  },
  'POST /passwords/hash': async ({ hashing, passwordCost }, request, signal) => {
    const body = parse(HashRequest, await readJson(request, MAX_PASSWORD_BYTES))
    return json(200, await hashing.run(() => hashPassword(body, passwordCost), signal))
  },
  'POST /passwords/verify': async ({ hashing, passwordCost }, request, signal) => {
    const body = parse(VerifyRequest, await readJson(request, MAX_PASSWORD_BYTES))
    return json(200, await hashing.run(() => verifyPassword(body, passwordCost), signal))
  },
  'GET /health': async ({ pool, isReady }) => {
    if (!isReady()) return json(503, { status: 'waiting for the database schema' })
    await pool.query('select 1')
    return json(200, { status: 'ok' })
  },
  'GET /metrics': async ({ metrics }) => ({
    status: 200,
    body: metrics.text(),
    contentType: 'text/plain; version=0.0.4',
  }),
}

/** Answers any request, and never throws. `report` gets what is not the caller's doing. */
export async function answer(
  deps: GatewayDeps,
  {
    request,
    signal,
    report,
  }: { request: IncomingMessage; signal: AbortSignal; report: (error: unknown) => void },
): Promise<Answer> {
  try {
    if (!carriesSecret(request, deps.secret)) throw new HttpError(401, 'not authorized')
    const route = routes[routeOf(request)]
    if (!route) throw new HttpError(404, 'no such route')
    return await route(deps, request, signal)
  } catch (error) {
    if (error instanceof HttpError)
      return json(error.status, { message: error.message }, error.headers)
    if (error instanceof pg.DatabaseError && !UNAVAILABLE.test(error.code ?? ''))
      return json(400, describe(error))
    if (error instanceof QueueFullError)
      return json(503, { message: error.message }, { 'retry-after': RETRY_AFTER_SECONDS })
    if (signal.aborted) return json(499, { message: 'the caller went away' })
    report(error)
    return json(
      503,
      { message: 'the database does not answer' },
      { 'retry-after': RETRY_AFTER_SECONDS },
    )
  }
}

export function routeOf(request: IncomingMessage): string {
  return `${request.method} ${request.url?.split('?', 1)[0]}`
}

function describe(error: pg.DatabaseError) {
  return {
    message: error.message,
    ...Object.fromEntries(ERROR_FIELDS.map((field) => [field, error[field]])),
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new HttpError(400, faults.join('; '))
}
