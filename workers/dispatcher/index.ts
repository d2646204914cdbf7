import { envFragments, parseEnv } from '#contracts/env.ts'
import { connectPg } from '#db/node.ts'
import { waitForSchema } from '#db/schema-version.ts'
import { createLog } from '#workers/runtime/log.ts'
import { stopOnSignals } from '#workers/runtime/run-process.ts'
import { schedules } from './schedules.ts'
import { startDispatcher } from './start-dispatcher.ts'

const env = parseEnv(
  {
    ...envFragments.log,
    ...envFragments.database,
    ...envFragments.valkey,
    ...envFragments.internal,
    ...envFragments.dispatcher,
  },
  process.env,
)
const log = createLog({ process: 'dispatcher', level: env.LOG_LEVEL })
const db = connectPg({ url: env.APP_DATABASE_URL, max: 4 })
await waitForSchema(db, { onWait: (why) => log.info(why) })

const dispatcher = await startDispatcher({
  db,
  listenUrl: env.APP_DATABASE_URL,
  valkey: { url: env.VALKEY_URL, prefix: env.VALKEY_PREFIX },
  http: { host: env.INTERNAL_HOST, port: env.DISPATCHER_PORT, secret: env.DISPATCHER_SECRET },
  log,
  schedules,
})
log.info({ port: dispatcher.port }, 'ready')

stopOnSignals(async () => {
  await dispatcher.stop()
  await db[Symbol.asyncDispose]()
}, log)
