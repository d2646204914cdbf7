import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import journal from '../migrations/meta/_journal.json' with { type: 'json' }
import type { Db } from './client.ts'
import { databaseErrorOf } from './database-error.ts'

type Needed = { tag: string; when: number }

const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 2_000
const UNDEFINED_TABLE = '42P01'
const INVALID_SCHEMA_NAME = '3F000'
const INSUFFICIENT_PRIVILEGE = '42501'

/** The newest migration that this build knows. A newer database serves too: migrations keep what the last release uses. */
export function neededMigration(): Needed {
  const last = journal.entries.at(-1)
  if (!last) throw new Error('migrations/meta/_journal.json names no migration')
  return { tag: last.tag, when: last.when }
}

/** Undefined where no migration has run, or the role may not see it yet. */
export async function findAppliedMigration(db: Db): Promise<number | undefined> {
  try {
    const { rows } = await db.execute<{ newest: string | null }>(
      sql`select max(created_at) as newest from drizzle.__drizzle_migrations`,
    )
    return rows[0]?.newest ? Number(rows[0].newest) : undefined
  } catch (error) {
    const code = databaseErrorOf(error)?.code ?? ''
    if ([UNDEFINED_TABLE, INVALID_SCHEMA_NAME, INSUFFICIENT_PRIVILEGE].includes(code))
      return undefined
    throw error
  }
}

type WaitOptions = { timeoutMs?: number; signal?: AbortSignal; onWait?: (why: string) => void }

/** Returns once the database has the schema that this process needs. Says once what it is waiting for. */
export async function waitForSchema(
  db: Db,
  { timeoutMs = 120_000, signal, onWait }: WaitOptions = {},
): Promise<void> {
  const { tag, when } = neededMigration()
  const until = Date.now() + timeoutMs
  let said: string | undefined
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
    const why = await whyNotYet(db, when)
    if (!why) return
    if (Date.now() > until) throw new Error(`${why} Needed: ${tag}. Run: npm run db:migrate`)
    if (why !== said) onWait?.(why)
    said = why
    await sleep(delayMs, undefined, signal && { signal })
  }
}

async function whyNotYet(db: Db, neededWhen: number): Promise<string | undefined> {
  try {
    const applied = await findAppliedMigration(db)
    if (applied === undefined) return 'The database has no schema yet.'
    return applied < neededWhen ? 'The database schema is older than this process.' : undefined
  } catch (error) {
    // The database may be starting; what is wrong for good comes out when the time is up.
    return `The database does not answer (${(error instanceof Error && error.cause ? (error.cause as Error) : (error as Error)).message}).`
  }
}
