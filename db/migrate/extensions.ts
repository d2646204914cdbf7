import type pg from 'pg'
import { databaseErrorOf } from '../database-error.ts'

/**
 * What search and maps are better with. None is needed: what is missing today is tried again at the next migrate,
 * so installing one is enough. `vchord` before `vector`, which it brings along.
 */
const WANTED = ['vchord', 'vector', 'pg_trgm', 'unaccent', 'cube', 'earthdistance']

export async function createExtensions(client: pg.Client, say: (message: string) => void) {
  const { rows } = await client.query<{ name: string }>(
    'select name from pg_available_extensions where name = any($1) and installed_version is null',
    [WANTED],
  )
  const missing = new Set(rows.map(({ name }) => name))
  for (const name of WANTED.filter((wanted) => missing.has(wanted))) {
    try {
      await client.query(`create extension if not exists ${name} cascade`)
    } catch (error) {
      // Not allowed to, or not preloaded: a capability less, not a failure.
      if (!databaseErrorOf(error)) throw error
      say(`goes on without the extension ${name}: ${(error as Error).message}`)
    }
  }
}
