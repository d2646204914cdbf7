import { env } from 'cloudflare:workers'
import { configureDatabase } from '../deps.ts'
import { internalApp } from './app.ts'
import { readInternalEnv } from './internal-env.ts'

export { Hub } from '../hub/hub.ts'

const internalEnv = readInternalEnv(env as unknown as Record<string, unknown>)
configureDatabase(internalEnv)

export default {
  fetch: (request: Request, _bindings: unknown, context: ExecutionContext) =>
    internalApp.fetch(request, internalEnv, context),
}
