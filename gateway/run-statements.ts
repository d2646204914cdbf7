import type pg from 'pg'
import { cancelQuery } from './cancel-query.ts'
import type { SqlRequest, Statement } from './statements.ts'

/** What the driver reads: every value as Postgres writes it, or null. */
type StatementResult = {
  fields: { name: string; dataTypeID: number }[]
  rows: (string | null)[][]
  command: string
  rowCount: number | null
}

type Job = { request: SqlRequest; begin: string; signal: AbortSignal }

const asText = { getTypeParser: () => (value: string) => value }

/**
 * Runs one statement, or a batch in one transaction, on a connection of the pool. When the caller goes away, what
 * runs is cancelled. A connection goes back to the pool only if nothing of this request can still touch it.
 */
export async function runStatements(pool: pg.Pool, { request, begin, signal }: Job) {
  signal.throwIfAborted()
  const client = await pool.connect()
  let cancelling: Promise<void> | undefined
  const cancel = () => {
    cancelling = cancelQuery(client)
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    signal.throwIfAborted()
    if (!('queries' in request)) return await runOne(client, request)
    return { results: await runBatch(client, { begin, statements: request.queries, signal }) }
  } finally {
    signal.removeEventListener('abort', cancel)
    await cancelling
    // Also for a statement that opened a transaction of its own.
    const isClean = !cancelling && client.getTransactionStatus() === 'I'
    client.release(!isClean)
  }
}

type Batch = { begin: string; statements: Statement[]; signal: AbortSignal }

async function runBatch(client: pg.PoolClient, { begin, statements, signal }: Batch) {
  await client.query(begin)
  try {
    const results: StatementResult[] = []
    for (const statement of statements) {
      // A cancel between two statements finds nothing to end.
      signal.throwIfAborted()
      results.push(await runOne(client, statement))
    }
    signal.throwIfAborted()
    await client.query('commit')
    return results
  } catch (error) {
    // A broken connection has nothing left to undo; the first error is the one to tell.
    await client.query('rollback').catch(() => {})
    throw error
  }
}

async function runOne(
  client: pg.PoolClient,
  { query, params }: Statement,
): Promise<StatementResult> {
  const result = await client.query<(string | null)[]>({
    text: query,
    values: params,
    rowMode: 'array',
    types: asText,
    // One statement only, also without parameters.
    queryMode: 'extended',
  } as pg.QueryArrayConfig)
  return {
    fields: result.fields.map(({ name, dataTypeID }) => ({ name, dataTypeID })),
    rows: result.rows,
    command: result.command,
    rowCount: result.rowCount,
  }
}
