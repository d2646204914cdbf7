import { hash as bcryptHash } from '@node-rs/bcrypt'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { connectNeon } from '#db/neon.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { createTestGateway, type TestGateway } from '#test/helpers/gateway.ts'
import { until } from '#test/helpers/until.ts'
import { PASSWORD_COST } from './passwords.ts'

const database = await createTestDatabase()
const impatient = await createTestGateway(database, { statementTimeoutMs: 200 })
// The last one is whom the driver asks.
const gateway = await createTestGateway(database, {
  hashing: { concurrency: 1, maxWaiting: 1 },
  passwordCost: PASSWORD_COST,
})

const DRIVER_HEADERS = { 'neon-raw-text-output': 'true', 'neon-array-mode': 'true' }

function ask(
  path: string,
  body?: unknown,
  { signal, headers, of = gateway }: RequestInit & { of?: TestGateway } = {},
) {
  return fetch(`${of.url}${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${of.secret}`, ...DRIVER_HEADERS, ...headers },
    ...(signal && { signal }),
  })
}

describe('SQL over HTTP', () => {
  test('answers a statement in the form the driver reads', async () => {
    const response = await ask('/sql', {
      query: 'select $1::int as n, null as nothing, true as yes',
      params: ['7'],
    })

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      fields: [
        { name: 'n', dataTypeID: 23 },
        { name: 'nothing', dataTypeID: 25 },
        { name: 'yes', dataTypeID: 16 },
      ],
      rows: [['7', null, 't']],
      command: 'SELECT',
      rowCount: 1,
    })
  })

  test('runs a batch in one transaction of the isolation that is asked for', async () => {
    const response = await ask(
      '/sql',
      {
        queries: [
          { query: 'show transaction_isolation', params: [] },
          { query: 'show transaction_read_only', params: [] },
          { query: 'show transaction_deferrable', params: [] },
        ],
      },
      {
        headers: {
          'neon-batch-isolation-level': 'Serializable',
          'neon-batch-read-only': 'true',
          'neon-batch-deferrable': 'true',
        },
      },
    )

    const { results } = (await response.json()) as { results: { rows: string[][] }[] }
    expect(results.map(({ rows }) => rows)).toEqual([[['serializable']], [['on']], [['on']]])
  })

  test('leaves nothing of a batch that fails, and names what Postgres refused', async () => {
    const response = await ask('/sql', {
      queries: [
        { query: "insert into system_metadata (key, value) values ('half', '{}')", params: [] },
        { query: "insert into system_metadata (key, value) values ('half', '{}')", params: [] },
      ],
    })

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      severity: 'ERROR',
      code: '23505',
      constraint: 'system_metadata_pkey',
      table: 'system_metadata',
      message: expect.stringContaining('duplicate key'),
    })
    const { rows } = await database.db.execute(sql`select from system_metadata where key = 'half'`)
    expect(rows).toEqual([])
  })

  test('keeps no transaction open that a single statement began', async () => {
    await ask('/sql', { query: 'begin', params: [] })

    await until(async () => {
      const { rows } = await database.db.execute(sql`
        select from pg_stat_activity where datname = current_database() and state like 'idle in%'`)
      return rows.length === 0
    })
  })

  test.each([
    ['create table mischief ()'],
    ['alter table users add column mischief int'],
    ['drop table users'],
    ['truncate users'],
    ['create temporary table mischief ()'],
    ['create function mischief() returns int language sql as $$ select 1 $$'],
    ['create schema mischief'],
    ['alter table assets disable trigger all'],
    ["set role 'postgres'"],
    ['delete from drizzle.__drizzle_migrations'],
  ])('refuses: %s', async (query) => {
    const response = await ask('/sql', { query, params: [] })

    expect(response.status).toBe(400)
    expect(((await response.json()) as { code: string }).code).toMatch(/^(42501|22023)$/)
  })

  test('takes one statement at a time', async () => {
    const response = await ask('/sql', { query: 'select 1; select 2', params: [] })

    expect(await response.json()).toMatchObject({ code: '42601' })
  })

  test('ends a statement that takes too long', async () => {
    const response = await ask('/sql', { query: 'select pg_sleep(30)' }, { of: impatient })

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: '57014',
      message: expect.stringMatching(/statement timeout/),
    })
  })

  test('gives up waiting at the time limit of the caller', async () => {
    const hasty = connectNeon({ authToken: gateway.secret, timeoutMs: 50 })

    const error = await hasty.execute(sql`select pg_sleep(25)`).catch((error: Error) => error)

    expect(error).toMatchObject({ cause: { message: expect.stringMatching(/TimeoutError/) } })
  })

  test('cancels what runs when the caller goes away, and serves on', async () => {
    const marker = 'select pg_sleep(25) as abandoned'
    const caller = new AbortController()
    const abandoned = ask('/sql', { query: marker }, { signal: caller.signal }).catch(() => 'gone')
    await until(async () => (await countRunning(marker)) === 1)

    caller.abort()

    expect(await abandoned).toBe('gone')
    await until(async () => (await countRunning(marker)) === 0)
    expect((await ask('/sql', { query: 'select 1' })).status).toBe(200)
  })

  test('undoes a batch whose caller goes away', async () => {
    const marker = 'select pg_sleep(25) as abandoned_batch'
    const caller = new AbortController()
    const queries = [
      { query: "insert into system_metadata (key, value) values ('abandoned', '{}')" },
      { query: marker },
    ]
    const abandoned = ask('/sql', { queries }, { signal: caller.signal }).catch(() => 'gone')
    await until(async () => (await countRunning(marker)) === 1)

    caller.abort()

    await abandoned
    await until(async () => (await countRunning(marker)) === 0)
    const { rows } = await database.db.execute(
      sql`select from system_metadata where key = 'abandoned'`,
    )
    expect(rows).toEqual([])
  })

  test('refuses a body over the limit', async () => {
    const response = await ask('/sql', { query: 'x'.repeat(17 * 1024 * 1024) })

    expect(response.status).toBe(413)
  })

  test.each([
    ['no JSON', 'select 1'],
    ['no query', '{}'],
    ['no statement in the batch', '{"queries":[]}'],
  ])('answers 400 to a body with %s', async (_, body) => {
    const response = await fetch(`${gateway.url}/sql`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${gateway.secret}`, ...DRIVER_HEADERS },
    })

    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: expect.any(String) })
  })

  async function countRunning(query: string) {
    const { rows } = await database.db.execute(sql`
      select from pg_stat_activity where query = ${query} and state = 'active'`)
    return rows.length
  }
})

describe('passwords', () => {
  const hashOf = async (password: string) =>
    ((await (await ask('/passwords/hash', { password })).json()) as { hash: string }).hash
  const verify = async (password: string, hash: string) =>
    (await ask('/passwords/verify', { password, hash })).json()

  test('are hashed with argon2id', async () => {
    const hash = await hashOf('correct horse')

    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await verify('correct horse', hash)).toEqual({ valid: true, needsRehash: false })
    expect(await verify('wrong horse', hash)).toEqual({ valid: false, needsRehash: false })
  })

  test.each(['2a', '2b', '2y'] as const)(
    'made with bcrypt (%s) are accepted, and to be hashed anew',
    async (version) => {
      const hash = await bcryptHash('moved over', { cost: 4, version })

      expect(await verify('moved over', hash)).toEqual({ valid: true, needsRehash: true })
      expect(await verify('wrong', hash)).toEqual({ valid: false, needsRehash: false })
    },
  )

  test('fit nothing that is no hash', async () => {
    expect(await verify('anything', 'not a hash')).toEqual({ valid: false, needsRehash: false })
    expect(await verify('anything', '$argon2id$broken')).toEqual({
      valid: false,
      needsRehash: false,
    })
  })

  test('beyond the queue are refused with a time to come again', async () => {
    const responses = await Promise.all(
      Array.from({ length: 12 }, () => ask('/passwords/hash', { password: 'many at once' })),
    )

    const refused = responses.filter(({ status }) => status === 503)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect(responses.some(({ status }) => status === 200)).toBe(true)
  })

  test('leave the event loop free', async () => {
    const hash = await bcryptHash('slow', { cost: 12 })
    const verifying = verify('slow', hash)
    let isVerified = false
    void verifying.then(() => {
      isVerified = true
    })

    let answers = 0
    while (!isVerified) {
      await ask('/metrics')
      answers += 1
    }

    // One may be on its way when the event loop stops, and one comes after.
    expect(answers).toBeGreaterThan(2)
    expect(await verifying).toMatchObject({ valid: true })
  })
})

test.each(['/sql', '/passwords/hash', '/passwords/verify', '/health', '/metrics', '/elsewhere'])(
  '%s answers 401 without the secret',
  async (path) => {
    const attempts: Record<string, string>[] = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: gateway.secret },
    ]
    const responses = await Promise.all(
      attempts.map((headers) => fetch(`${gateway.url}${path}`, { method: 'POST', headers })),
    )

    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401])
  },
)

test('tells its health and its metrics', async () => {
  await ask('/sql', { query: 'select 1' })

  expect(await (await ask('/health')).json()).toEqual({ status: 'ok' })
  const metrics = await (await ask('/metrics')).text()
  expect(metrics).toMatch(/^tintype_gateway_requests_total\{route="\/sql",status="200"\} \d+$/m)
  expect(metrics).toMatch(/^tintype_gateway_sql_seconds_count \d+$/m)
  expect(metrics).toMatch(/^tintype_gateway_connections\{state="open"\} \d+$/m)
})

test('says with 503 that the database is away', async () => {
  const { url, secret } = await createTestGateway({ appUrl: 'postgres://a:b@127.0.0.1:1/none' })
  const headers = { authorization: `Bearer ${secret}`, ...DRIVER_HEADERS }

  const answers = await Promise.all([
    fetch(`${url}/health`, { headers }),
    fetch(`${url}/sql`, { headers, method: 'POST', body: '{"query":"select 1"}' }),
  ])

  expect(answers.map(({ status }) => status)).toEqual([503, 503])
})
