import { Hono } from 'hono'
import type { AppEnv } from '../app-env.ts'
import { publicRoute } from '../http/allow.ts'

/** Where Immich's apps find the API when a person types the bare address. */
export const wellKnownRoutes = new Hono<AppEnv>().get('/immich', publicRoute, (c) =>
  c.json({ api: { endpoint: '/api' } }),
)
