import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { databaseErrorOf } from '../database-error.ts'

type Options = { url: string; say: (message: string) => void; until: number }

const RETRY_MS = 250
const INVALID_CATALOG_NAME = '3D000'
const CANNOT_CONNECT_NOW = '57P03'
const DUPLICATE_DATABASE = '42P04'
const UNIQUE_VIOLATION = '23505'
const MAINTENANCE_DATABASE = 'postgres'

/** Waits until Postgres answers, and makes the database that the URL names where there is none. */
export async function createDatabaseIfMissing({ url, say, until }: Options) {
  const name = new pg.Client({ connectionString: url }).database ?? ''
  while (true) {
    const failure = await failureOf(url)
    if (!failure) return
    if (databaseErrorOf(failure)?.code === INVALID_CATALOG_NAME) {
      await createDatabase(url, name)
      say(`made the database ${name}`)
    } else if (!mayPass(failure) || Date.now() > until) {
      throw new Error(`Cannot connect to the database ${name}: ${failure.message}`, {
        cause: failure,
      })
    } else {
      await sleep(RETRY_MS)
    }
  }
}

async function failureOf(url: string): Promise<Error | undefined> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    await client.end().catch(() => {})
  }
}

function mayPass(failure: Error): boolean {
  const { code } = failure as { code?: unknown }
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === CANNOT_CONNECT_NOW
}

async function createDatabase(url: string, name: string) {
  const maintenance = new URL(url)
  maintenance.pathname = `/${MAINTENANCE_DATABASE}`
  const client = new pg.Client({ connectionString: maintenance.href })
  await client.connect()
  try {
    await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } catch (error) {
    const code = databaseErrorOf(error)?.code
    // Another migration was faster.
    if (code !== DUPLICATE_DATABASE && code !== UNIQUE_VIOLATION) throw error
  } finally {
    await client.end()
  }
}
