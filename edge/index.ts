import { env } from 'cloudflare:workers'
import { app } from './app.ts'
import { readEdgeEnv } from './bindings.ts'
import { configureDatabase } from './deps.ts'

/** Where the runtime gives this Worker the namespace; else it lives in the process `hub` (internal/index.ts). */
export { Hub } from './hub/hub.ts'

const edgeEnv = readEdgeEnv(env as unknown as Record<string, unknown>)
configureDatabase(edgeEnv)

export default {
  fetch: (request: Request, _bindings: unknown, context: ExecutionContext) =>
    app.fetch(request, edgeEnv, context),
}
