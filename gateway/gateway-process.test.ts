import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { freePort } from '#stack/stores/free-port.ts'
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
  const port = await freePort()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'index.ts')], {
    env: { APP_DATABASE_URL: appUrl, GATEWAY_SECRET: SECRET, GATEWAY_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trim().split('\n')) lines.push(JSON.parse(line))
  })
  atEndOfFile(async () => child.kill('SIGKILL'))
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers })
  await until(() => lines.some(({ msg }) => msg === 'listening'))
  return { child, lines, ask }
}

const sqlOf = (query: string): RequestInit => ({ method: 'POST', body: JSON.stringify({ query }) })

test('finishes what runs when it is told to stop, then leaves', async () => {
  const { appUrl } = await createTestDatabase()
  const { child, ask, lines } = await startProcess(appUrl)
  const exited = once(child, 'exit')
  const running = ask('/sql', sqlOf('select pg_sleep(0.5), 7'))
  await until(async () => /state="idle"} 0/.test(await (await ask('/metrics')).text()))

  child.kill('SIGTERM')

  const answered = await running
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
  const { appUrl, ownerUrl } = await createTestDatabase()
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  const rename = (from: string, to: string) => owner.query(`alter schema ${from} rename to ${to}`)
  await rename('drizzle', 'not_yet')
  const { ask } = await startProcess(appUrl)

  expect((await ask('/health')).status).toBe(503)
  await rename('not_yet', 'drizzle')

  await until(async () => (await ask('/health')).status === 200)
  // What a restart does to connections, without the restart.
  await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`)
  await until(async () => (await ask('/sql', sqlOf('select 1'))).status === 200)
  await owner.end()
})
