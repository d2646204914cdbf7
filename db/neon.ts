import { neon, neonConfig } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/neon-http'
import type { Db } from './client.ts'
import * as tables from './schema/tables.ts'

type Fetch = (url: string, init: RequestInit) => Promise<Response>
type NeonRequest = RequestInit & { timeoutMs: number }

type Options = {
  /** Neon's own connection string. Absent: our gateway, which knows its database itself. */
  url?: string | undefined
  authToken?: string | undefined
  timeoutMs: number
}

/** The driver insists on a connection string; the gateway ignores it. */
const GATEWAY_PLACEHOLDER = 'postgresql://tintype:gateway@gateway/tintype'

/**
 * Where and how statements are sent. The driver keeps this in a global, so it is called once, at module scope of
 * the entry. Without `endpoint` the driver derives Neon's from the connection string.
 */
export function configureNeon({ fetch, endpoint }: { fetch: Fetch; endpoint?: string }) {
  if (endpoint) neonConfig.fetchEndpoint = endpoint
  // The time limit starts with each request, not with the connection, and covers reading the answer.
  neonConfig.fetchFunction = (url: string, { timeoutMs, ...init }: NeonRequest) =>
    fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
}

/** A connection over HTTP. It holds no socket of its own, but belongs to one request all the same. */
export function connectNeon({ url, authToken, timeoutMs }: Options): Db {
  const client = neon(url ?? GATEWAY_PLACEHOLDER, {
    ...(authToken && { authToken }),
    fetchOptions: { timeoutMs },
  })
  return drizzle({ client, schema: tables, casing: 'snake_case' }) as unknown as Db
}
