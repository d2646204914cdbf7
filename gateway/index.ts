import { pino } from 'pino'
import { envFragments, parseEnv } from '#contracts/env.ts'
import { connectPg } from '#db/node.ts'
import { waitForSchema } from '#db/schema-version.ts'
import { startGateway } from './start-gateway.ts'

const env = parseEnv(
  {
    ...envFragments.log,
    ...envFragments.internal,
    ...envFragments.database,
    ...envFragments.gateway,
  },
  process.env,
)
const log = pino({
  level: env.LOG_LEVEL,
  base: { process: 'gateway' },
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
})

async function awaitSchema() {
  await using db = connectPg({ url: env.APP_DATABASE_URL, max: 1 })
  await waitForSchema(db, { timeoutMs: Number.POSITIVE_INFINITY, onWait: (why) => log.info(why) })
  log.info('the database has the schema that is needed')
}

const gateway = await startGateway({
  databaseUrl: env.APP_DATABASE_URL,
  secret: env.GATEWAY_SECRET,
  host: env.INTERNAL_HOST,
  port: env.GATEWAY_PORT,
  log,
  schemaReady: awaitSchema(),
})
log.info({ url: gateway.url }, 'listening')

for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, async () => {
    log.info({ signal: name }, 'closing')
    await gateway.close()
    process.exit(0)
  })
