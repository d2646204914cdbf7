import { Hono } from 'hono'
import { describeError, logFor } from '../http/log.ts'
import type { InternalEnv } from './internal-env.ts'
import { isBearer } from './is-bearer.ts'
import { storeEventRoutes } from './store-events.ts'

export type InternalAppEnv = { Bindings: InternalEnv }

/** What the other processes ask of the Hub. Its socket is on loopback or a private network. */
const hubRoutes = new Hono<InternalAppEnv>()
  .use(async (c, next) => {
    if (await isBearer(c.req.header('authorization'), c.env.settings.HUB_SECRET))
      return await next()
    return c.json({ message: 'Authorization is missing or wrong' }, 401)
  })
  .on(['GET', 'POST'], ['/socket', '/push', '/health'], (c) => c.env.hub.fetch(c.req.raw))

export const internalApp = new Hono<InternalAppEnv>()
  // Before the others: it has a secret of its own.
  .route('/store-events', storeEventRoutes)
  .route('/', hubRoutes)
  .notFound((c) => c.json({ message: 'No such route' }, 404))
  .onError((error, c) => {
    const log = logFor(c.env.settings, undefined, 'hub')
    log.error({ err: describeError(error), path: c.req.path }, 'an internal request failed')
    return c.json({ message: 'Internal error' }, 500)
  })
