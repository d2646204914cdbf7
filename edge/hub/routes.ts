import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { refuseOtherSite } from '../http/cross-site.ts'
import { validate } from '../http/validate.ts'
import { ADMITTED_HEADER, admittedOf } from './listener.ts'

const SocketQuery = z.object({ EIO: z.string(), transport: z.string() })

const WAIT_SECONDS = 2

/** What goes on to the Hub: who it is, and nothing of what proved it. */
async function handOver(c: Context<AppEnv>): Promise<Response> {
  const { deps, viewer } = c.var
  // Browsers let any page open a WebSocket, with the cookies of this site.
  if (viewer.proof.kind === 'session' && viewer.proof.fromCookie) refuseOtherSite(c)
  const { settings } = deps
  const response = await c.env.hub
    .fetch(new URL('/socket', settings.HUB_URL).href, {
      headers: {
        authorization: `Bearer ${settings.HUB_SECRET}`,
        upgrade: 'websocket',
        [ADMITTED_HEADER]: JSON.stringify(admittedOf(viewer)),
      },
    })
    .catch((cause) => {
      throw new AppError('busy', 'Realtime is not available', {
        cause,
        retryAfterSeconds: WAIT_SECONDS,
      })
    })
  if (response.status === 101) return response
  if (response.status === 401) throw new AppError('not_authenticated', 'Authentication required')
  if (response.status === 429) throw new AppError('too_many_requests', 'Too many connections')
  throw new AppError('busy', 'Realtime is not available', { retryAfterSeconds: WAIT_SECONDS })
}

/** Mounted with a slash at the end and without: clients ask either way. What they hear are assets, hence the permission. */
export const socketRoutes = new Hono<AppEnv>().get(
  '/',
  allow('asset.read'),
  validate('query', SocketQuery),
  answers(101),
  async (c) => {
    const { EIO: protocol, transport } = c.req.valid('query')
    if (protocol !== '4') throw new AppError('bad_request', 'Unsupported protocol version')
    const isUpgrade = c.req.header('upgrade')?.toLowerCase() === 'websocket'
    if (transport !== 'websocket' || !isUpgrade)
      throw new AppError('bad_request', 'Transport unknown: only websocket is spoken here')
    return await handOver(c)
  },
)
