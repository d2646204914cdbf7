import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import { grantToApp } from './migrate/app-role.ts'
import { createDatabaseIfMissing } from './migrate/create-database.ts'
import { createExtensions } from './migrate/extensions.ts'
import { prepareTextSearch } from './migrate/text-search.ts'
import { reconcileVectorIndexes } from './vector-index/reconcile.ts'

type Say = (message: string) => void

type Options = {
  /** Of the role that owns the schema. */
  ownerUrl: string
  /** Of the role that gateway and workers use; made here, or given what it needs. */
  appUrl: string
  say: Say
  /** Postgres may still be starting. */
  connectTimeoutMs?: number
}

const LOCK_KEY = 7_236_451
const RETRY_MS = 250
const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))

/**
 * Brings a database to this build's schema: the database itself, extensions that are there to be had, migrations, the
 * app role and its rights, and the indexes that the extensions make possible. Run it as often and from as many machines as you like: they take turns.
 */
export async function migrateDatabase({
  ownerUrl,
  appUrl,
  say,
  connectTimeoutMs = 30_000,
}: Options) {
  await createDatabaseIfMissing({ url: ownerUrl, say, until: Date.now() + connectTimeoutMs })
  const client = new pg.Client({ connectionString: ownerUrl })
  client.on('error', () => {})
  await client.connect()
  try {
    await takeLock(client, say)
    await createExtensions(client, say)
    await migrate(drizzle({ client }), { migrationsFolder })
    await grantToApp(client, { appUrl, say })
    await prepareTextSearch(client, say)
    await reconcileVectorIndexes(client, say)
  } finally {
    await client.end()
  }
}

/** A lock of the session: it goes with the connection, however that ends. */
async function takeLock(client: pg.Client, say: Say) {
  for (let hasSaid = false; ; hasSaid = true) {
    const { rows } = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock($1) as taken',
      [LOCK_KEY],
    )
    if (rows[0]?.taken) return
    if (!hasSaid) say('another process is migrating this database, waiting for it')
    await sleep(RETRY_MS)
  }
}
