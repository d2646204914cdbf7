import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { expect, test } from 'vitest'
import { quietPort } from '#stack/stores/free-port.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { until } from '#test/helpers/until.ts'

const SECRET = '0123456789abcdef'
const headers = {
  authorization: `Bearer ${SECRET}`,
  'neon-raw-text-output': 'true',
  'neon-array-mode': 'true',
}

/** The gateway as a process of its own. */
async function startProcess(appUrl: string) {
  const port = await quietPort()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'index.ts')], {
    env: { APP_DATABASE_URL: appUrl, GATEWAY_SECRET: SECRET, GATEWAY_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  atEndOfFile(async () => child.kill('SIGKILL'))
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers })
  const says = (message: string) =>
    until(() => lines.some(({ msg }) => msg === message), { timeoutMs: 30_000 })
  await says('listening')
  return { child, lines, ask, says }
}

async function connectOwner({ ownerUrl }: { ownerUrl: string }) {
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  atEndOfFile(() => owner.end())
  return owner
}

const sqlOf = (query: string): RequestInit => ({ method: 'POST', body: JSON.stringify({ query }) })

test('finishes what runs when it is told to stop, then leaves', async () => {
  const database = await createTestDatabase()
  const owner = await connectOwner(database)
  const { child, ask, lines, says } = await startProcess(database.appUrl)
  const exited = once(child, 'exit')
  await owner.query('select pg_advisory_lock(1)')
  const running = ask('/sql', sqlOf('select pg_advisory_xact_lock(1), 7'))
  await until(async () => {
    const { rowCount } = await owner.query(`select from pg_stat_activity
      where datname = current_database() and wait_event = 'advisory'`)
    return rowCount === 1
  })

  child.kill('SIGTERM')
  await says('closing')
  await owner.query('select pg_advisory_unlock(1)')

  const answered = await running
  // A connection that is kept alive would be waited for.
  expect(answered.headers.get('connection')).toBe('close')
  expect(((await answered.json()) as { rows: string[][] }).rows[0]?.[1]).toBe('7')
  expect((await exited)[0]).toBe(0)
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'info',
      process: 'gateway',
      msg: 'closing',
      time: expect.any(String),
    }),
  )
})

test('is healthy only when the database has the schema, and outlives a restart of Postgres', async () => {
  const database = await createTestDatabase()
  const owner = await connectOwner(database)
  const rename = (from: string, to: string) => owner.query(`alter schema ${from} rename to ${to}`)
  await rename('drizzle', 'not_yet')
  const { ask } = await startProcess(database.appUrl)

  expect((await ask('/health')).status).toBe(503)
  await rename('not_yet', 'drizzle')

  await until(async () => (await ask('/health')).status === 200)
  // What a restart does to connections, without the restart.
  await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`)
  await until(async () => (await ask('/sql', sqlOf('select 1'))).status === 200)
})
