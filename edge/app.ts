import { Hono } from 'hono'
import { albumRoutes } from './albums/routes.ts'
import { apiKeyRoutes } from './api-keys/routes.ts'
import type { AppEnv } from './app-env.ts'
import { assetRoutes } from './assets/routes.ts'
import { authenticationRoutes } from './authentication/routes.ts'
import { faceRoutes } from './faces/routes.ts'
import { publicRoute } from './http/allow.ts'
import { onError, onNotFound } from './http/errors.ts'
import { requestContext } from './http/request-context.ts'
import { securityHeaders } from './http/security-headers.ts'
import { socketRoutes } from './hub/routes.ts'
import { inboxRoutes } from './inbox/routes.ts'
import { jobRoutes } from './jobs/routes.ts'
import { mapRoutes } from './map/routes.ts'
import { modelRoutes } from './models/routes.ts'
import { openApiDocument } from './openapi/document.ts'
import { servePage } from './page.ts'
import { peopleRoutes } from './people/routes.ts'
import { queueRoutes } from './queues/routes.ts'
import { searchRoutes } from './search/routes.ts'
import { serverRoutes } from './server/routes.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { passToStore } from './store-proxy/pass-to-store.ts'
import { systemConfigRoutes } from './system-config/routes.ts'
import { timelineRoutes } from './timeline/routes.ts'
import { trashRoutes } from './trash/routes.ts'
import { uploadRoutes } from './uploads/routes.ts'
import { userRoutes } from './users/routes.ts'
import { userAdminRoutes } from './users-admin/routes.ts'
import { wellKnownRoutes } from './well-known/routes.ts'

/** The route table. */
export const api = new Hono<AppEnv>()
  .route('/.well-known', wellKnownRoutes)
  .route('/api/admin/models', modelRoutes)
  .route('/api/admin/users', userAdminRoutes)
  .route('/api/albums', albumRoutes)
  .route('/api/api-keys', apiKeyRoutes)
  .route('/api/assets', assetRoutes)
  .route('/api/auth', authenticationRoutes)
  .route('/api/faces', faceRoutes)
  .route('/api/inbox', inboxRoutes)
  .route('/api/jobs', jobRoutes)
  .route('/api/map', mapRoutes)
  .route('/api/people', peopleRoutes)
  .route('/api/queues', queueRoutes)
  .route('/api/search', searchRoutes)
  .route('/api/server', serverRoutes)
  .route('/api/sessions', sessionRoutes)
  .route('/api/system-config', systemConfigRoutes)
  .route('/api/socket.io', socketRoutes)
  .route('/api/socket.io/', socketRoutes)
  .route('/api/timeline', timelineRoutes)
  .route('/api/trash', trashRoutes)
  .route('/api/uploads', uploadRoutes)
  .route('/api/users', userRoutes)

let document: ReturnType<typeof openApiDocument> | undefined
// Made on the first demand: it takes longer than the start of the whole process.
const openApi = () => {
  document ??= openApiDocument(api.routes)
  return document
}

/** What no line of the table names is 404 below /api, and elsewhere the gallery's page. */
export const app = new Hono<AppEnv>()
  .use(requestContext, securityHeaders, passToStore)
  .route('/', api)
  .get('/api/openapi.json', publicRoute, (c) => c.json(openApi()))
  .all('/api/*', onNotFound)
  .get('*', servePage)
  .notFound(onNotFound)
  .onError(onError)
