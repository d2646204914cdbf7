import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Db } from './client.ts'
import * as tables from './schema/tables.ts'

type Options = {
  url: string
  max: number
  /** Ends statements that run longer; none by default, since jobs may take their time. */
  statementTimeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 30_000

export type PgDb = Db & AsyncDisposable & { $client: pg.Pool }

/** A pool for a Node process. Close it with `await db[Symbol.asyncDispose]()` or take it with `await using`. */
export function connectPg({ url, max, statementTimeoutMs }: Options): PgDb {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    ...(statementTimeoutMs && { statement_timeout: statementTimeoutMs }),
  })
  // An idle connection that breaks (Postgres restarts) is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  const db = drizzle({ client: pool, schema: tables, casing: 'snake_case' })
  return Object.assign(db as unknown as Db, {
    $client: pool,
    [Symbol.asyncDispose]: () => pool.end(),
  })
}
