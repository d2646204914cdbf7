import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../app-env.ts'
import { buildDeps } from '../deps.ts'
import { clientOf } from './client.ts'
import { logFor } from './log.ts'

const REQUEST_ID = /^[\w-]{8,64}$/

/** Gives each request its id, log and dependencies, and writes one line when it is answered. */
export const requestContext: MiddlewareHandler<AppEnv> = async (c, next) => {
  const startedAt = Date.now()
  const asked = c.req.header('x-correlation-id') ?? ''
  const requestId = REQUEST_ID.test(asked) ? asked : crypto.randomUUID()
  const log = logFor(c.env.settings, requestId)
  c.set('requestId', requestId)
  c.set('log', log)
  c.set('client', clientOf(c.req.raw, c.env.trustedProxies))
  const waitUntil = (promise: Promise<unknown>) => c.executionCtx.waitUntil(promise)
  c.set('deps', buildDeps(c.env, { requestId, waitUntil }))
  await next()

  const { method, path } = c.req
  const { status } = c.res
  const isRead = (method === 'GET' || method === 'HEAD') && status < 400
  // The path alone: queries carry tokens and signatures. `viewerId` is absent on public routes.
  const viewerId: string | undefined = c.var.viewerId
  const fields = { method, path, status, durationMs: Date.now() - startedAt, viewerId }
  log[isRead ? 'debug' : 'info'](fields, 'request')
}
