import { envFragments, parseEnv } from '#contracts/env.ts'
import { connectPg } from '#db/node.ts'
import { waitForSchema } from '#db/schema-version.ts'
import { createNodeStorage } from '#storage/node.ts'
import { createLog } from '#workers/runtime/log.ts'
import { stopOnSignals } from '#workers/runtime/run-process.ts'
import { createEngine } from './inference/engine.ts'
import { createModelStore } from './models/model-store.ts'
import { startGpu } from './start-gpu.ts'

/** Jobs write one statement each and are done; they take turns. */
const CONNECTIONS = 8

const env = parseEnv(
  {
    ...envFragments.log,
    ...envFragments.database,
    ...envFragments.valkey,
    ...envFragments.internal,
    ...envFragments.store,
    ...envFragments.gpu,
  },
  process.env,
)
// Models come from outside: the threads that run them inherit no secret.
for (const name of [...Object.keys(env), 'LD_PRELOAD']) delete process.env[name]

const log = createLog({ process: 'gpu', level: env.LOG_LEVEL })
const db = connectPg({ url: env.APP_DATABASE_URL, max: CONNECTIONS })
await waitForSchema(db, { onWait: (why) => log.info(why) })

const store = createModelStore({
  modelsDir: env.MODELS_DIR,
  cacheFolder: env.MODELS_CACHE,
  hubUrl: env.MODEL_HUB_URL,
})
const engine = createEngine({
  modelFolder: async (name) => (await store.find('clip', name)) ?? (await store.find('face', name)),
  concurrency: env.GPU_CONCURRENCY,
  log,
})
const gpu = await startGpu({
  db,
  storage: createNodeStorage({
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    bucket: env.S3_BUCKET,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
  }),
  engine,
  store,
  valkey: { url: env.VALKEY_URL, prefix: env.VALKEY_PREFIX },
  http: { host: env.INTERNAL_HOST, port: env.GPU_PORT, secret: env.GPU_SECRET },
  log,
})
log.info({ port: gpu.port }, 'ready')

stopOnSignals(async () => {
  await gpu.stop()
  await db[Symbol.asyncDispose]()
}, log)
