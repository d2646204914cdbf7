import pg from 'pg'
import { expect, test } from 'vitest'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { runStatements } from './run-statements.ts'

const database = await createTestDatabase()

type Query = string | { text: string }
const textOf = (query: Query) => (typeof query === 'string' ? query : query.text)

/** A pool that tells of each statement that was answered, before whoever awaits it hears of it. */
function poolThatTells(onAnswer: (text: string) => void) {
  const pool = new pg.Pool({ connectionString: database.appUrl, max: 1 })
  atEndOfFile(() => pool.end())
  pool.on('connect', (client) => {
    const ask = client.query.bind(client) as (query: Query) => Promise<unknown>
    const query = async (asked: Query) => {
      const result = await ask(asked)
      onAnswer(textOf(asked))
      return result
    }
    Object.assign(client, { query })
  })
  return pool
}

const INSERTS = ['first', 'second'].map(
  (key) => `insert into system_metadata (key, value) values ('${key}', '{}')`,
)

test.each([1, 2])(
  'a batch whose caller goes away after statement %i ends there and leaves nothing',
  async (nth) => {
    const caller = new AbortController()
    const answered: string[] = []
    const pool = poolThatTells((text) => {
      answered.push(text)
      if (text === INSERTS[nth - 1]) caller.abort(new Error('the caller went away'))
    })

    const running = runStatements(pool, {
      request: { queries: INSERTS.map((query) => ({ query, params: [] })) },
      begin: 'begin',
      signal: caller.signal,
    })

    await expect(running).rejects.toThrow('the caller went away')
    expect(answered.filter((text) => text !== 'rollback')).toEqual([
      'begin',
      ...INSERTS.slice(0, nth),
    ])
    const { rows } = await database.db.execute('select from system_metadata')
    expect(rows).toEqual([])
  },
)
