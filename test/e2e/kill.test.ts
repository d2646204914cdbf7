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
import {
  assetFaces,
  assetFiles,
  assetModelRuns,
  assets,
  outbox,
  people,
  systemMetadata,
  uploads,
  users,
} from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import type { Storage } from '#storage/storage.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { listen } from '#test/helpers/listener.ts'
import { makeTinyClip, makeTinyFaces, TINY_FACE_PX } from '#test/helpers/tiny-onnx.ts'
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
  'gpu',
  'hub',
  'valkey',
  'flushall',
  'minio',
]
const FORM_UPLOADS_AT_ONCE = 4
const KILLS_MS = 45_000
const SETTLE_MS = 180_000

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

/** Where a picture has faces, two of them, as makeTinyFaces sees them. */
const FACES_EVERY = 5
const FACE_PX = (TINY_FACE_PX * 800) / 640

/** Two people. The picture around them differs a little, without any colour. */
async function drawPeople(random: () => number): Promise<Buffer> {
  const grey = Buffer.from(Array.from({ length: 16 * 12 }, () => 106 + random() * 12))
  const square = (background: string) =>
    sharp({ create: { width: FACE_PX, height: FACE_PX, channels: 3, background } })
      .png()
      .toBuffer()
  const [red, blue] = await Promise.all([square('#ff0000'), square('#0000ff')])
  return await sharp(grey, { raw: { width: 16, height: 12, channels: 1 } })
    .resize(800, 600, { kernel: 'cubic' })
    .toColourspace('srgb')
    .composite([
      { input: red, left: 140, top: 200 },
      { input: blue, left: 500, top: 200 },
    ])
    .png()
    .toBuffer()
}

async function drawNoise(random: () => number): Promise<Buffer> {
  const noise = Buffer.from(Array.from({ length: 16 * 12 * 3 }, () => random() * 256))
  return await sharp(noise, { raw: { width: 16, height: 12, channels: 3 } })
    .resize(800, 600, { kernel: 'cubic' })
    .png()
    .toBuffer()
}

/** Different pictures of a few kilobytes, over some years. */
async function makePictures(folder: string, count: number, random: () => number) {
  const paths: string[] = []
  for (let index = 0; index < count; index += 1) {
    const drawn = await (index % FACES_EVERY === 0 ? drawPeople : drawNoise)(random)
    const taken = new Date(Date.UTC(2015 + (index % 9), index % 12, 1 + (index % 28), 12))
    const path = join(folder, `picture ${index}.jpg`)
    await sharp(drawn)
      .withExif({
        IFD2: {
          DateTimeOriginal: taken.toISOString().slice(0, 19).replace(/-/g, ':').replace('T', ' '),
        },
      })
      .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
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
  const { accessToken, userId } = await send('/api/auth/login', account)
  const key = { name: 'kill test', permissions: ['all'] }
  const { secret } = await send('/api/api-keys', key, accessToken)
  return { key: secret as string, userId: userId as string }
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

/** As an S3 tool does: again and again, until the store has it. */
async function dropAll({ storage, userId }: { storage: Storage; userId: string }, paths: string[]) {
  for (const path of paths) {
    const bytes = await readFile(path)
    const key = `inbox/${userId}/${basename(path)}`
    while (
      !(await storage.put(key, bytes, { contentType: 'image/jpeg' }).then(
        () => true,
        () => false,
      ))
    )
      await delay(200)
    await delay(KILLS_MS / paths.length / 2)
  }
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

/** It may still be coming up from its last death. */
const kill = (stack: WholeStack, name: string) =>
  until(() => process.kill(stack.pidOf(name) ?? Number.NaN, 'SIGKILL'), { timeoutMs: 60_000 })

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

test('an import survives the death of everything', { timeout: 500_000 }, async () => {
  const random = createRandom(seed)
  const folder = await mkdtemp(join(tmpdir(), 'tintype-kill-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  const imported = join(folder, 'imported')
  const sent = join(folder, 'sent')
  const dropped = join(folder, 'dropped')
  await Promise.all([mkdir(imported), mkdir(sent), mkdir(dropped)])
  await makePictures(imported, FILES / 3, random)
  const paths = await makePictures(sent, FILES / 3, random)
  const droppedPaths = await makePictures(dropped, FILES / 3, random)
  const models = join(folder, 'models')
  await makeTinyClip({ folder: models, name: 'tiny-clip', dimension: 16 })
  await makeTinyFaces({ folder: models, name: 'tiny-faces', dimension: 8 })
  await writeFile(join(imported, 'notes.txt'), 'not a picture')
  const stack = await startWholeStack({
    EDGE_PROCESSES: '2',
    MEDIA_CONCURRENCY: '2',
    MODELS_DIR: models,
  })
  const { url, variables } = stack
  const { key, userId } = await signUp(url)
  const listener = listen(url, { headers: { 'x-api-key': key } })
  await using db = connectPg({ url: variables.APP_DATABASE_URL ?? '', max: 2 })
  const machineLearning = {
    clip: { modelName: 'tiny-clip' },
    facialRecognition: { modelName: 'tiny-faces' },
  }
  await db.insert(systemMetadata).values({ key: 'system-config', value: { machineLearning } })
  const storage = createNodeStorage({
    endpoint: variables.S3_ENDPOINT ?? '',
    region: variables.S3_REGION ?? '',
    bucket: variables.S3_BUCKET ?? '',
    accessKeyId: variables.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: variables.S3_SECRET_ACCESS_KEY ?? '',
  })

  // The uploads begin with the killing and are spread over it, so that every death finds some under way.
  const killing = killAtRandomMoments(stack, random)
  const spread = async (chunk: string[], index: number) => {
    await delay(index * (KILLS_MS / 8))
    return await uploadAllByForm({ url, key }, chunk)
  }
  const chunks = Array.from({ length: 6 }, (_, n) =>
    paths.filter((_path, index) => index % 6 === n),
  )
  const [ids, , , killed] = await Promise.all([
    Promise.all(chunks.map(spread)).then((all) => all.flat()),
    delay(random() * 10_000).then(() => importUntilWhole({ url, key, folder: imported })),
    dropAll({ storage, userId }, droppedPaths),
    killing,
  ])
  console.log(`killed, in this order: ${killed.join(', ')}`)
  const uploadedAt = Date.now()

  try {
    // The outbox last: what the last run still has to do is written together with it.
    const isSettled = async () =>
      (await db.$count(assets)) >= FILES &&
      (await db.$count(assetModelRuns)) >= 2 * FILES &&
      (await db.$count(outbox)) === 0
    await until(isSettled, { timeoutMs: SETTLE_MS })
  } catch (error) {
    const rows = await db.select().from(outbox)
    console.log(
      JSON.stringify(rows.slice(0, 20)),
      await stack.readLog('media').then((log) => log.slice(-4000)),
      await stack.readLog('gpu').then((log) => log.slice(-4000)),
      stack.lines.slice(-40).join('\n'),
    )
    throw error
  }

  console.log(`all jobs were done ${Date.now() - uploadedAt} ms after the last upload and death`)

  const rows = await db.select().from(assets)
  expect(new Set(ids).size).toBe(FILES / 3)
  expect(rows).toHaveLength(FILES)
  expect(new Set(rows.map(({ checksum }) => Buffer.from(checksum).toString('hex'))).size).toBe(
    FILES,
  )
  expect(rows.filter(({ failureReason }) => failureReason)).toEqual([])
  expect(rows.filter(({ thumbnailedAt, thumbhash }) => !thumbnailedAt || !thumbhash)).toEqual([])

  const files = await db.select().from(assetFiles)
  expect(files.filter(({ type }) => type === 'thumbnail')).toHaveLength(FILES)
  expect(files.filter(({ type }) => type === 'preview')).toHaveLength(FILES)

  const stored = new Set(await listKeys(storage))
  expect(rows.filter(({ originalKey }) => !stored.has(originalKey))).toEqual([])
  expect(files.filter(({ objectKey }) => !stored.has(objectKey))).toEqual([])
  // What was cut off on its way still has a row, by which the sweep finds it. `.probe/` holds no one's bytes.
  const known = new Set([
    ...rows.map(({ originalKey }) => originalKey),
    ...files.map(({ objectKey }) => objectKey),
    ...(await db.select().from(uploads)).map(({ objectKey }) => objectKey),
    ...(await db.select().from(people)).map(({ thumbnailKey }) => thumbnailKey),
  ])
  expect(
    [...stored].filter((objectKey) => !known.has(objectKey) && !objectKey.startsWith('.probe/')),
  ).toEqual([])

  const runs = await db.select().from(assetModelRuns)
  const faces = await db.select().from(assetFaces)
  const seen = Map.groupBy(faces, ({ assetId }) => assetId)
  expect(runs.filter(({ failureReason }) => failureReason)).toEqual([])
  expect(runs).toHaveLength(2 * FILES)
  expect(seen.size).toBe(FILES / FACES_EVERY)
  expect([...seen.values()].filter(({ length }) => length !== 2)).toEqual([])
  expect(new Set(faces.map(({ personId }) => personId)).size).toBe(2)
  expect((await db.select().from(people)).filter(({ thumbnailKey }) => !thumbnailKey)).toEqual([])

  expect(await recountTimeline(db)).toBe(0)
  const [owner] = await db.select().from(users).where(eq(users.email, 'owner@example.com'))
  expect(owner?.quotaUsageBytes).toBe(rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  const headers = { 'x-api-key': key }
  const buckets = await fetch(`${url}/api/timeline/buckets`, { headers }).then((r) => r.json())
  expect(buckets.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(FILES)

  // Whoever listened is there again, through whichever process, and hears what happens from here on.
  await until(() => listener.socket.connected, { timeoutMs: 60_000 })
  const changed = await fetch(`${url}/api/assets/${ids[0]}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ isFavorite: true }),
  })
  expect(changed.status).toBe(200)
  await until(
    () =>
      listener
        .named('on_asset_update')
        .some(({ args }) => JSON.stringify(args).includes(`${ids[0]}`)),
    { timeoutMs: 30_000 },
  )
  console.log(
    `the listener lost its connection ${listener.ends.length} times and heard of ${listener.named('on_upload_success').length} of ${FILES} uploads`,
  )
  await stack.stop()
})
