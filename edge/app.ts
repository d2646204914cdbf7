import { Hono } from 'hono'
import type { AppEnv } from './app-env.ts'
import { onError, onNotFound } from './http/errors.ts'
import { requestContext } from './http/request-context.ts'
import { securityHeaders } from './http/security-headers.ts'
import { servePage } from './page.ts'
import { wellKnownRoutes } from './well-known/routes.ts'

/** The route table. What no line names is the gallery's page, or 404 below /api. */
export const app = new Hono<AppEnv>()
  .use(requestContext, securityHeaders)
  .route('/.well-known', wellKnownRoutes)
  .all('/api/*', onNotFound)
  .get('*', servePage)
  .notFound(onNotFound)
  .onError(onError)
