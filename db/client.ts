import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type * as tables from './schema/tables.ts'

/** What both drivers give for raw SQL. */
type Result<Row> = { rows: Row[]; rowCount: number | null }

interface ResultHKT extends PgQueryResultHKT {
  type: Result<this['row']>
}

/**
 * A connection of either driver (neon-http at the edge, node-postgres elsewhere), with what both can do.
 * There are no interactive transactions: what must be atomic goes through `atomically`.
 */
export type Db = Omit<PgDatabase<ResultHKT, typeof tables>, 'transaction'>
