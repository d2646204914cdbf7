import { envFragments, parseEnv } from '#contracts/env.ts'
import { migrateDatabase } from './migrate-database.ts'

const env = parseEnv({ ...envFragments.owner, ...envFragments.database }, process.env)

function say(message: string) {
  console.log(
    JSON.stringify({
      level: 'info',
      time: new Date().toISOString(),
      process: 'migrate',
      msg: message,
    }),
  )
}

await migrateDatabase({ ownerUrl: env.DATABASE_URL, appUrl: env.APP_DATABASE_URL, say })
say('the database has the schema of this version')
