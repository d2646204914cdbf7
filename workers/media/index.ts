import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { envFragments, parseEnv } from '#contracts/env.ts'
import { connectPg } from '#db/node.ts'
import { waitForSchema } from '#db/schema-version.ts'
import { createNodeStorage } from '#storage/node.ts'
import { createLog } from '#workers/runtime/log.ts'
import { createPusher } from '#workers/runtime/push.ts'
import { stopOnSignals } from '#workers/runtime/run-process.ts'
import { startMedia } from './start-media.ts'

// Decoded pixels count against the limit at which the whole heap is collected. By default one picture reaches it,
// and an import spends a fifth of its CPU on collecting next to nothing.
setFlagsFromString('--heap-growing-percent=300')

const env = parseEnv(
  {
    ...envFragments.log,
    ...envFragments.database,
    ...envFragments.valkey,
    ...envFragments.internal,
    ...envFragments.store,
    ...envFragments.media,
    ...envFragments.hubClient,
  },
  process.env,
)
// The decoders that this process starts read files from anywhere: they inherit no secret and no allocator.
for (const name of [...Object.keys(env), 'LD_PRELOAD']) delete process.env[name]

const log = createLog({ process: 'media', level: env.LOG_LEVEL })
const db = connectPg({ url: env.APP_DATABASE_URL, max: env.MEDIA_CONCURRENCY + 4 })
await waitForSchema(db, { onWait: (why) => log.info(why) })

const media = await startMedia({
  db,
  storage: createNodeStorage({
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    bucket: env.S3_BUCKET,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
  }),
  valkey: { url: env.VALKEY_URL, prefix: env.VALKEY_PREFIX },
  http: { host: env.INTERNAL_HOST, port: env.MEDIA_PORT, secret: env.MEDIA_SECRET },
  pusher: createPusher({ url: env.HUB_URL, secret: env.HUB_SECRET, log }),
  tempRoot: join(tmpdir(), 'tintype-media'),
  concurrency: env.MEDIA_CONCURRENCY,
  log,
})
log.info({ port: media.port }, 'ready')

stopOnSignals(async () => {
  await media.stop()
  await db[Symbol.asyncDispose]()
}, log)
