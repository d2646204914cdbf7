import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { Redis } from 'ioredis'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { importFolder } from '#client/import.ts'
import { connectPg } from '#db/node.ts'
import { recountTimeline } from '#db/queries/timeline-counts.ts'
import { assetFiles, assets, outbox, uploads, users } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import type { Storage } from '#storage/storage.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { until } from '#test/helpers/until.ts'
import { startWholeStack, type WholeStack } from '#test/helpers/whole-stack.ts'

const FILES = 300
/** Each of them dies this often. */
const ROUNDS = 2
const VICTIMS = [
  'edge-1',
  'edge-2',
  'gateway',
  'dispatcher',
  'media',
  'valkey',
  'flushall',
  'minio',
]
const FORM_UPLOADS_AT_ONCE = 4
const KILLS_MS = 60_000
const SETTLE_MS = 120_000

const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000)
console.log(`kill test: KILL_SEED=${seed} repeats these moments`)

/** mulberry32: small, and the same on every machine. */
function createRandom(state: number) {
  let a = state
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function shuffle<T>(items: T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** Different pictures of a few kilobytes, over some years. */
async function makePictures(folder: string, count: number, random: () => number) {
  const paths: string[] = []
  for (let index = 0; index < count; index += 1) {
    const noise = Buffer.from(Array.from({ length: 16 * 12 * 3 }, () => random() * 256))
    const taken = new Date(Date.UTC(2015 + (index % 9), index % 12, 1 + (index % 28), 12))
    const path = join(folder, `picture ${index}.jpg`)
    await sharp(noise, { raw: { width: 16, height: 12, channels: 3 } })
      .resize(800, 600, { kernel: 'cubic' })
      .withExif({
        IFD2: {
          DateTimeOriginal: taken.toISOString().slice(0, 19).replace(/-/g, ':').replace('T', ' '),
        },
      })
      .jpeg()
      .toFile(path)
    paths.push(path)
  }
  return paths
}

async function signUp(url: string) {
  const send = async (path: string, body: object, token?: string) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return await response.json()
  }
  const account = { email: 'owner@example.com', password: 'a-long-password' }
  await send('/api/auth/admin-sign-up', { ...account, name: 'Owner' })
  const { accessToken } = await send('/api/auth/login', account)
  const key = { name: 'kill test', permissions: ['all'] }
  const { secret } = await send('/api/api-keys', key, accessToken)
  return secret as string
}

/** As the phone apps do: again and again, until the server says that it has the file. */
async function uploadByForm({ url, key, path }: { url: string; key: string; path: string }) {
  const bytes = await readFile(path)
  const taken = new Date('2024-05-17T12:00:00Z').toISOString()
  for (;;) {
    const form = new FormData()
    form.set('deviceAssetId', basename(path))
    form.set('deviceId', 'kill-test')
    form.set('fileCreatedAt', taken)
    form.set('fileModifiedAt', taken)
    form.set('assetData', new File([new Uint8Array(bytes)], basename(path), { type: 'image/jpeg' }))
    const response = await fetch(`${url}/api/assets`, {
      method: 'POST',
      headers: { 'x-api-key': key },
      body: form,
      signal: AbortSignal.timeout(20_000),
    }).catch(() => undefined)
    const answer = response && (await response.text().catch(() => undefined))
    if (response?.ok && answer) return JSON.parse(answer).id as string
    if (response && response.status < 500) throw new Error(`${response.status} ${answer}`)
    await delay(200)
  }
}

async function uploadAllByForm(place: { url: string; key: string }, paths: string[]) {
  const left = [...paths]
  const ids: string[] = []
  const worker = async () => {
    for (let path = left.shift(); path; path = left.shift())
      ids.push(await uploadByForm({ ...place, path }))
  }
  await Promise.all(Array.from({ length: FORM_UPLOADS_AT_ONCE }, worker))
  return ids
}

/** As a person does: starts the import again until nothing failed. */
async function importUntilWhole({
  url,
  key,
  folder,
}: {
  url: string
  key: string
  folder: string
}) {
  for (;;) {
    const summary = await importFolder({
      folder,
      baseUrl: url,
      token: key,
      output: { write: () => {} },
      signal: new AbortController().signal,
    })
    if (summary.failed.length === 0) return
  }
}

async function killAtRandomMoments(stack: WholeStack, random: () => number) {
  const bag = shuffle(Array.from({ length: ROUNDS }, () => VICTIMS).flat(), random)
  const pauseMs = KILLS_MS / bag.length
  const done: string[] = []
  for (const victim of bag) {
    await delay(pauseMs * (0.3 + random() * 0.9))
    if (victim === 'flushall') await flush(stack)
    else await kill(stack, victim)
    done.push(victim)
  }
  return done
}

async function kill(stack: WholeStack, name: string) {
  // It may still be coming up from its last death.
  await until(() => stack.pidOf(name) !== undefined, { timeoutMs: 30_000 })
  process.kill(stack.pidOf(name) ?? Number.NaN, 'SIGKILL')
}

async function flush(stack: WholeStack) {
  const valkey = new Redis(stack.variables.VALKEY_URL ?? '', { maxRetriesPerRequest: null })
  valkey.on('error', () => {})
  await valkey.flushall()
  valkey.disconnect()
}

async function listKeys(storage: Storage): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const page = await storage.list('', cursor)
    keys.push(...page.objects.map(({ key }) => key))
    cursor = page.cursor
  } while (cursor)
  return keys
}

test('an import survives the death of everything', { timeout: 400_000 }, async () => {
  const random = createRandom(seed)
  const folder = await mkdtemp(join(tmpdir(), 'tintype-kill-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  const imported = join(folder, 'imported')
  const sent = join(folder, 'sent')
  await Promise.all([mkdir(imported), mkdir(sent)])
  await makePictures(imported, FILES / 2, random)
  const paths = await makePictures(sent, FILES / 2, random)
  await writeFile(join(imported, 'notes.txt'), 'not a picture')
  const stack = await startWholeStack({ EDGE_PROCESSES: '2', MEDIA_CONCURRENCY: '2' })
  const { url, variables } = stack
  const key = await signUp(url)
  await using db = connectPg({ url: variables.APP_DATABASE_URL ?? '', max: 2 })

  // The uploads begin with the killing and are spread over it, so that every death finds some under way.
  const killing = killAtRandomMoments(stack, random)
  const spread = async (chunk: string[], index: number) => {
    await delay(index * (KILLS_MS / 8))
    return await uploadAllByForm({ url, key }, chunk)
  }
  const chunks = Array.from({ length: 6 }, (_, n) =>
    paths.filter((_path, index) => index % 6 === n),
  )
  const [ids, , killed] = await Promise.all([
    Promise.all(chunks.map(spread)).then((all) => all.flat()),
    delay(random() * 10_000).then(() => importUntilWhole({ url, key, folder: imported })),
    killing,
  ])
  console.log(`killed, in this order: ${killed.join(', ')}`)
  const uploadedAt = Date.now()

  try {
    await until(async () => (await db.select().from(outbox)).length === 0, { timeoutMs: SETTLE_MS })
  } catch (error) {
    const rows = await db.select().from(outbox)
    console.log(
      JSON.stringify(rows.slice(0, 20)),
      await stack.readLog('media').then((log) => log.slice(-4000)),
    )
    throw error
  }

  console.log(`all jobs were done ${Date.now() - uploadedAt} ms after the last upload and death`)

  const rows = await db.select().from(assets)
  expect(new Set(ids).size).toBe(FILES / 2)
  expect(rows).toHaveLength(FILES)
  expect(new Set(rows.map(({ checksum }) => Buffer.from(checksum).toString('hex'))).size).toBe(
    FILES,
  )
  expect(rows.filter(({ failureReason }) => failureReason)).toEqual([])
  expect(rows.filter(({ thumbnailedAt, thumbhash }) => !thumbnailedAt || !thumbhash)).toEqual([])

  const files = await db.select().from(assetFiles)
  expect(files.filter(({ type }) => type === 'thumbnail')).toHaveLength(FILES)
  expect(files.filter(({ type }) => type === 'preview')).toHaveLength(FILES)

  const storage = createNodeStorage({
    endpoint: variables.S3_ENDPOINT ?? '',
    region: variables.S3_REGION ?? '',
    bucket: variables.S3_BUCKET ?? '',
    accessKeyId: variables.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: variables.S3_SECRET_ACCESS_KEY ?? '',
  })
  const stored = new Set(await listKeys(storage))
  expect(rows.filter(({ originalKey }) => !stored.has(originalKey))).toEqual([])
  expect(files.filter(({ objectKey }) => !stored.has(objectKey))).toEqual([])
  // What was cut off on its way still has a row, by which the sweep finds it. `.probe/` holds no one's bytes.
  const known = new Set([
    ...rows.map(({ originalKey }) => originalKey),
    ...files.map(({ objectKey }) => objectKey),
    ...(await db.select().from(uploads)).map(({ objectKey }) => objectKey),
  ])
  expect(
    [...stored].filter((objectKey) => !known.has(objectKey) && !objectKey.startsWith('.probe/')),
  ).toEqual([])

  expect(await recountTimeline(db)).toBe(0)
  const [owner] = await db.select().from(users).where(eq(users.email, 'owner@example.com'))
  expect(owner?.quotaUsageBytes).toBe(rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  const headers = { 'x-api-key': key }
  const buckets = await fetch(`${url}/api/timeline/buckets`, { headers }).then((r) => r.json())
  expect(buckets.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(FILES)
  await stack.stop()
})
