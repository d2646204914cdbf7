import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { createNodeUploadQueue } from '#client/node/create-upload-queue.ts'
import { sourceOfPath } from '#client/node/node-platform.ts'
import { createUploadsApi } from '#client/uploads-api.ts'
import { assets, uploads } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { type BackendUser, createAccounts, createBackend } from '#test/helpers/backend.ts'
import { announcement } from '#test/helpers/presigned.ts'
import { startTcpProxy, type TcpProxy } from '#test/helpers/tcp-proxy.ts'
import { buildTestEdge, startEdge } from '#test/helpers/workerd.ts'
import { createLog } from '#workers/runtime/log.ts'
import { startGateway } from '../../gateway/start-gateway.ts'
import { handleSweepUploads } from '../../workers/media/jobs/sweep-uploads.ts'

const MIB = 1024 * 1024
const FILM_BYTES = 2_000_000_000
/** At 60 MB/s, a cut every four seconds: by bytes, so that machines of any speed see as many. */
const CUT_AFTER_BYTES = 220 * MIB
const LOOK_MS = 20
/** About a minute on a machine that has nothing else to do. */
const TIMEOUT_MS = 900_000
const ALLOWED = 1.05
const QUICK_RETRY = { firstDelayMs: 20, maxDelayMs: 500, attempts: 200 }
const DAY_MS = 24 * 3_600_000

let backend: Awaited<ReturnType<typeof createBackend>>
let accounts: Awaited<ReturnType<typeof createAccounts>>
let edgeFolder: string
let edge: Awaited<ReturnType<typeof startEdge>>
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-resume-'))
  atEndOfFile(() => rm(folder, { recursive: true }))
  backend = await createBackend()
  edgeFolder = await buildTestEdge()
  edge = await startEdge(edgeFolder, backend.edgeVariables)
  accounts = await createAccounts(edge.url)
})

/** Mostly holes, with a mark in each part, so that no two parts are alike. */
async function makeFilm(name: string, sizeBytes: number): Promise<string> {
  const path = join(folder, name)
  const file = await open(path, 'w')
  await file.truncate(sizeBytes)
  for (let at = 0; at < sizeBytes - 64; at += 4 * MIB) await file.write(randomBytes(64), 0, 64, at)
  await file.close()
  return path
}

function openQueue(url: string, { token }: BackendUser) {
  const queue = createNodeUploadQueue({
    baseUrl: url,
    headers: { authorization: `Bearer ${token}` },
    retry: QUICK_RETRY,
    transfers: { start: 4, max: 8 },
  })
  onTestFinished(() => queue.close())
  return queue
}

function keepCutting(line: TcpProxy) {
  let cuts = 0
  let cutAt = 0
  const timer = setInterval(() => {
    if (line.bytesUp - cutAt < CUT_AFTER_BYTES) return
    cutAt = line.bytesUp
    cuts += 1
    line.dropAll()
  }, LOOK_MS)
  onTestFinished(() => clearInterval(timer))
  return {
    get cuts() {
      return cuts
    },
  }
}

/** A gateway that can be ended while the edge goes on asking at the same address. */
async function startOwnGateway(secret: string) {
  return await startGateway({
    databaseUrl: backend.database.appUrl,
    secret,
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    schemaReady: Promise.resolve(),
    poolMax: 4,
  })
}

const portOf = (url: string) => Number(new URL(url).port)

test('a film over a line that is cut every few seconds, past a restart of edge and gateway, costs at most a twentieth more', {
  timeout: TIMEOUT_MS,
}, async () => {
  const user = await accounts.newUser()
  const secret = randomBytes(16).toString('hex')
  const gateway = await startOwnGateway(secret)
  const wayToGateway = await startTcpProxy(portOf(gateway.url))
  const variables = {
    ...backend.edgeVariables,
    GATEWAY_URL: wayToGateway.url,
    GATEWAY_SECRET: secret,
  }
  const doomed = await startEdge(edgeFolder, variables)
  const line = await startTcpProxy(doomed.port)
  const queue = openQueue(line.url, user)
  const cutting = keepCutting(line)
  const path = await makeFilm('film.mp4', FILM_BYTES)

  queue.add([await sourceOfPath(path)])
  await expect.poll(() => line.bytesUp, { timeout: TIMEOUT_MS }).toBeGreaterThan(FILM_BYTES / 2)
  doomed.die()
  await gateway.close()
  const heirGateway = await startOwnGateway(secret)
  atEndOfFile(heirGateway.close)
  wayToGateway.leadTo(portOf(heirGateway.url))
  const heir = await startEdge(edgeFolder, variables)
  line.leadTo(heir.port)
  await queue.whenIdle()

  const ratio = line.bytesUp / FILM_BYTES
  console.log(`2 GB with ${cutting.cuts} cuts and a restart: ${ratio.toFixed(4)} of its bytes sent`)
  expect(queue.snapshot.entries[0]).toMatchObject({ state: 'done' })
  expect(cutting.cuts).toBeGreaterThanOrEqual(7)
  expect(ratio).toBeLessThanOrEqual(ALLOWED)
  const [asset] = await backend.db.select().from(assets).where(eq(assets.ownerId, user.id))
  expect(asset?.sizeBytes).toBe(FILM_BYTES)
})

test('what is never finished is swept, parts and all', async () => {
  const user = await accounts.newUser()
  const api = createUploadsApi({
    baseUrl: edge.url,
    headers: { authorization: `Bearer ${user.token}` },
  })
  const storage = createNodeStorage(backend.bucket)
  onTestFinished(() => storage.close())
  const { signal } = new AbortController()
  const begun = await Promise.all(
    ['a.mp4', 'b.mov', 'c.mkv'].map(async (fileName) => {
      const bytes = randomBytes(20 * MIB)
      const { partChecksums: _, ...announced } = announcement({ bytes, fileName })
      const created = await api.create(announced, signal)
      if (created.status !== 'upload') throw new Error('expected a new upload')
      const [{ url, headers, start, end } = expect.fail('no part')] = created.upload.puts
      const body = bytes.subarray(start, end)
      expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(200)
      return created.upload
    }),
  )
  const rowsOf = () => backend.db.select().from(uploads).where(eq(uploads.ownerId, user.id))
  const keys = (await rowsOf()).map(({ objectKey }) => objectKey)
  const listOpen = async () =>
    (await Promise.all(keys.map((key) => storage.listMultiparts(key)))).flat()
  const open = await listOpen()

  const later = new Date(Date.now() + 8 * DAY_MS)
  const deps = { db: backend.db, storage, clock: () => later } as never
  const log = createLog({ process: 'test', level: 'silent' })
  await handleSweepUploads({}, deps, { log, signal, attempt: 1, requestId: null })

  expect(open).toHaveLength(begun.length)
  expect(await listOpen()).toEqual([])
  expect(await rowsOf()).toEqual([])
})
