import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { connectPg, type PgDb } from '#db/node.ts'
import { repositoryFolder } from '#stack/paths.ts'
import { bareSharp, cpuSeconds } from './bare-sharp.ts'
import { makePictures, totalBytes } from './pictures.ts'
import { cpuSecondsOfTrees, sumOf } from './process-usage.ts'
import { reportLine, reportTarget } from './report.ts'
import { type RunningStack, runStack, signUp } from './run-stack.ts'

const FILES = 300
const LIMIT_MS = 30 * 60_000
const LOOK_EVERY_MS = 2000
/** Immich 3.0.3 took 0.505, its machine learning off, on a machine where bare sharp takes 0.133. */
const IMMICH_SECONDS = 0.505
const BARE_SECONDS_THERE = 0.133
const MAX_CPU_SECONDS = 0.2
const SAMPLE = 20

/** What importing photos costs all server processes and stores together; the client does not count. */
export async function benchImport() {
  const { folder, paths } = await makePictures(FILES)
  const bytes = await totalBytes(paths)
  const perAsset = await measure({ folder, bytes })
  const bare = await bareSecondsPer(paths)
  reportLine('all server processes and stores, per asset', `${perAsset.toFixed(3)} s`)
  reportLine('bare one-decode sharp on this machine, now, per asset', `${bare.toFixed(3)} s`)
  const immich = (IMMICH_SECONDS / BARE_SECONDS_THERE).toFixed(2)
  reportLine('import / bare sharp', (perAsset / bare).toFixed(2), `${immich} for Immich`)
  const comparable = (perAsset / bare) * BARE_SECONDS_THERE
  reportTarget('CPU per asset at the speed of the machine Immich was measured on', comparable, {
    atMost: MAX_CPU_SECONDS,
    unit: 's',
  })
}

/** How fast this machine is at the moment: what else runs on its host changes that by half. */
async function bareSecondsPer(paths: string[]): Promise<number> {
  const sample = paths.slice(0, SAMPLE)
  const settings = { jpeg: {}, webp: {} }
  for (const path of sample) await bareSharp(path, settings)
  const before = cpuSeconds()
  for (const path of sample) await bareSharp(path, settings)
  return (cpuSeconds() - before) / sample.length
}

/** CPU seconds per asset. */
async function measure({ folder, bytes }: { folder: string; bytes: number }): Promise<number> {
  await using stack = await runStack()
  const token = await signUp(stack.url)
  await using db = connectPg({ url: stack.variables.APP_DATABASE_URL ?? '', max: 1 })
  await delay(5000)
  const { stack: supervisor, ...parts } = stack.pids()
  const all = { all: supervisor ?? 0 }

  const startedAt = Date.now()
  const before = { parts: cpuSecondsOfTrees(parts), all: sumOf(cpuSecondsOfTrees(all)) }
  await upload(stack, folder, token)
  const uploadSeconds = (Date.now() - startedAt) / 1000
  await untilThumbnailed(db, FILES)
  const totalSeconds = (Date.now() - startedAt) / 1000
  const after = { parts: cpuSecondsOfTrees(parts), all: sumOf(cpuSecondsOfTrees(all)) }

  reportLine(
    `${FILES} JPEGs of 12 megapixels, ${(bytes / 1e6).toFixed(0)} MB, uploaded after`,
    `${uploadSeconds.toFixed(1)} s`,
  )
  reportLine('all thumbnails there after', `${totalSeconds.toFixed(1)} s`)
  for (const [name, seconds] of Object.entries(after.parts)) {
    const perAsset = (seconds - (before.parts[name] ?? 0)) / FILES
    reportLine(`${name}, per asset`, `${(perAsset * 1000).toFixed(1)} ms`)
  }
  return (after.all - before.all) / FILES
}

async function upload(stack: RunningStack, folder: string, token: string) {
  const child = spawn(process.execPath, [join(repositoryFolder, 'client', 'cli.ts'), folder], {
    env: { ...process.env, TINTYPE_URL: stack.url, TINTYPE_TOKEN: token },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the import ended with code ${code}`)
}

async function untilThumbnailed(db: PgDb, count: number) {
  const until = Date.now() + LIMIT_MS
  for (;;) {
    const { rows } = await db.execute<{ done: string; failed: string }>(sql`
      select count(*) filter (where thumbnailed_at is not null) as done,
             count(*) filter (where failure_reason is not null) as failed from assets`)
    if (Number(rows[0]?.failed) > 0) throw new Error('some assets failed')
    if (Number(rows[0]?.done) === count) return
    if (Date.now() > until) throw new Error(`only ${rows[0]?.done} of ${count} have a thumbnail`)
    await delay(LOOK_EVERY_MS)
  }
}
