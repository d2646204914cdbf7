// Uploads what comes into a folder for as long as it runs: node dist/watch.js FOLDER [EMAIL]
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { WatchError, watchFolder } from '#client/node/watch-folder.ts'
import { envFragments, parseEnv } from '#contracts/env.ts'
import { connectPg } from '#db/node.ts'
import { deleteApiKey } from '#db/queries/api-keys.ts'
import { findFirstAdminForWork, findUserByEmail, type User } from '#db/queries/users.ts'
import { makeUploadKey } from './upload-key.ts'

const WAIT_MS = 3_000
/** `deploy/healthcheck.mjs` takes a file older than a minute for a process that hangs. */
const ALIVE_EVERY_MS = 15_000

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => stopping.abort(new Error('Stopped')))
}

async function withDb<Result>(
  url: string,
  work: (db: ReturnType<typeof connectPg>) => Promise<Result>,
) {
  await using db = connectPg({ url, max: 1 })
  return await work(db)
}

/** Whoever is to own the files may not have signed up yet. */
async function whenThere(url: string, email: string | undefined): Promise<User> {
  for (let tries = 0; ; tries += 1) {
    const user = await withDb(url, (db) =>
      email ? findUserByEmail(db, email) : findFirstAdminForWork(db),
    )
    if (user) return user
    const whom = email ? `there is a user ${email}` : 'someone has signed up'
    if (tries === 0) console.log(`The folder is watched as soon as ${whom}.`)
    await sleep(WAIT_MS, undefined, { signal: stopping.signal })
  }
}

async function main([given, wanted]: string[]): Promise<void> {
  const env = parseEnv(
    {
      ...envFragments.database,
      TINTYPE_URL: z.url(),
      /** The folder of what a restart must know. */
      WATCH_STATE: z.string().min(1),
      WATCH_USER: z.string().optional(),
    },
    process.env,
  )
  if (!given) throw new Error('a folder is needed')
  const folder = resolve(given)
  mkdirSync(env.WATCH_STATE, { recursive: true })
  const sayAlive = () => writeFileSync(join(env.WATCH_STATE, 'alive'), '')
  sayAlive()
  setInterval(sayAlive, ALIVE_EVERY_MS).unref()

  const url = env.APP_DATABASE_URL
  const user = await whenThere(url, (wanted || env.WATCH_USER)?.toLowerCase() || undefined)
  const { id, token } = await withDb(url, (db) => makeUploadKey(db, user, `Watch of ${folder}`))
  const name = createHash('sha1').update(folder).digest('hex').slice(0, 16)
  try {
    await watchFolder({
      folder,
      baseUrl: env.TINTYPE_URL.replace(/\/+$/, ''),
      token,
      account: user.id,
      stateFile: join(env.WATCH_STATE, name),
      output: process.stdout,
      signal: stopping.signal,
    })
  } finally {
    // The database may have stopped before; the next watch of this folder removes the key then.
    await withDb(url, (db) => deleteApiKey(db, { viewerId: user.id, apiKeyId: id })).catch(() => {})
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof WatchError ? error.message : error)
    process.exitCode = 1
  }
}
process.exit()
