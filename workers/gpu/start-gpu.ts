import { gpuJobs } from '#contracts/jobs/all.ts'
import type { PgDb } from '#db/node.ts'
import type { NodeStorage } from '#storage/node.ts'
import { serveInternal } from '#workers/runtime/internal-http.ts'
import type { Log } from '#workers/runtime/log.ts'
import { runWorker } from '#workers/runtime/run-worker.ts'
import type { GpuDeps } from './deps.ts'
import { describeModels } from './describe-models.ts'
import { answerTexts } from './embed-text.ts'
import { handlers } from './handlers.ts'
import type { Engine } from './inference/engine.ts'
import { keepSpaces, TIMING, type Timing } from './keep-spaces.ts'
import { kinds, modelKinds } from './kinds.ts'
import { createModelStates, type ModelStore } from './model-states.ts'
import { createOpenSpaces } from './open-spaces.ts'
import { recordFailure } from './record-failure.ts'

type Options = {
  db: PgDb
  storage: NodeStorage
  engine: Engine
  store: ModelStore
  valkey: { url: string; prefix: string }
  http: { host: string; port: number; secret: string }
  log: Log
  timing?: Partial<Timing>
  clock?: () => Date
}

/** Shows pictures to models until `stop`. */
export async function startGpu(options: Options) {
  const { db, storage, engine, log, clock = () => new Date() } = options
  const timing = { ...TIMING, ...options.timing }
  const models = createModelStates({
    store: options.store,
    log,
    clock: () => performance.now(),
    retryMs: timing.modelRetryMs,
  })
  const spaces = createOpenSpaces({
    onFault(kind, model, error) {
      log.error({ err: error, model }, 'the model cannot be used')
      models.note(kind, model, error)
    },
  })
  const keeper = keepSpaces({ db, engine, models, spaces, log, timing })
  const deps: GpuDeps = { db, storage, engine, spaces, config: keeper.config, clock }
  const worker = runWorker({
    jobs: gpuJobs,
    handlers,
    deps,
    db,
    valkey: options.valkey,
    // Nothing is taken before a model is there to look at it.
    paused: modelKinds.map((kind) => kinds[kind].queue),
    log,
    recordFailure,
  })
  const { kindStateOf } = keeper
  const server = await serveInternal({
    ...options.http,
    routes: {
      'GET /health': async () => {
        const health = await worker.health()
        const provider = engine.provider()
        return { status: health.isHealthy ? 200 : 503, body: { ...health, provider } }
      },
      'GET /metrics': async () => ({ body: worker.metrics.render() }),
      'GET /models': () => ({ body: describeModels({ engine, models, spaces, kindStateOf }) }),
      'POST /embed-text': answerTexts({
        engine,
        models,
        spaces,
        clipState: () => kindStateOf('clip'),
      }),
    },
    log,
  })
  keeper.start(worker)
  return {
    port: server.port,
    async stop() {
      await keeper.stop()
      await worker.stop()
      await Promise.all([server.close(), models.stop(), engine.close()])
      storage.close()
    },
  }
}
