import type { BatchItem, BatchResponse } from 'drizzle-orm/batch'
import type { NeonHttpDatabase } from 'drizzle-orm/neon-http'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Db } from './client.ts'
import { databaseErrorOf } from './database-error.ts'

/** Something built on `q` and not awaited. */
export type Statement = BatchItem<'pg'>

type Batch = readonly Statement[]
type Results<Statements extends Batch> = BatchResponse<Statements>

const MAX_TRIES = 3
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK_DETECTED = '40P01'

/**
 * Runs statements in order, all or none, and answers with their results. `build` must build every statement on
 * the `q` it is given and await none. It is called again when Postgres ended the attempt for another's sake.
 */
export async function atomically<const Statements extends Batch>(
  db: Db,
  build: (q: Db) => Statements,
): Promise<Results<Statements>> {
  for (let tries = 1; ; tries += 1) {
    try {
      return isNeon(db) ? await inBatch(db, build) : await inTransaction(db, build)
    } catch (error) {
      if (tries === MAX_TRIES || !wasUndone(error)) throw error
    }
  }
}

function isNeon(db: Db): boolean {
  return 'batch' in db
}

async function inBatch<Statements extends Batch>(db: Db, build: (q: Db) => Statements) {
  const statements = build(db)
  if (statements.length === 0) return [] as unknown as Results<Statements>
  // `Db` hides what only one driver has; `isNeon` has looked.
  const neon = db as unknown as NeonHttpDatabase
  return (await neon.batch(statements as unknown as [Statement])) as unknown as Results<Statements>
}

async function inTransaction<Statements extends Batch>(db: Db, build: (q: Db) => Statements) {
  const pg = db as unknown as NodePgDatabase
  return await pg.transaction(async (tx) => {
    const results: unknown[] = []
    for (const statement of build(tx as unknown as Db)) results.push(await statement)
    return results as unknown as Results<Statements>
  })
}

function wasUndone(error: unknown): boolean {
  const code = databaseErrorOf(error)?.code
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED
}
