import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AwsV4Signer } from 'aws4fetch'
import { createCRC32 } from 'hash-wasm'
import { createMemoryStore } from '#client/memory-store.ts'
import { createNodePlatform, type NodeSource, sourceOfPath } from '#client/node/node-platform.ts'
import { createPutAgents, putFileRange } from '#client/node/put-file-range.ts'
import { createUploadQueue } from '#client/upload-queue.ts'
import { createUploadsApi } from '#client/uploads-api.ts'
import type { Variables } from '#stack/env-file.ts'
import { runDirectEdge } from './direct-edge.ts'
import { median, reportLine, reportTarget } from './report.ts'
import { runStack, signUp } from './run-stack.ts'

const FILE_BYTES = 500_000_000
const BLOCK_BYTES = 1_000_000
const ROUNDS = 5
/** For what the last file left to do in workers, stores and on the disk. */
const REST_MS = 2_000
const CRC32C_POLYNOMIAL = 0x82f63b78

/**
 * Files of 500 MB through the upload client, against one PUT of the same bytes with the same kind of checksum and
 * the same sender. Each round measures all three; the ratios are those of rounds.
 */
export async function benchPresignedUpload() {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-bench-'))
  try {
    await using stack = await runStack()
    await using direct = await runDirectEdge(stack.variables)
    const token = await signUp(stack.url)
    const path = join(folder, 'film.mp4')
    await using file = await open(path, 'w+')
    await fill(file)

    const rounds: Round[] = []
    for (let round = -1; round < ROUNDS; round++) {
      const place = { file, path, token, stack, directUrl: direct.url }
      const measured = await measureRound(place, Math.max(0, round))
      // The first one warms stores, sockets and page cache.
      if (round >= 0) rounds.push(measured)
    }
    report(rounds)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Timing = { putSeconds: number; hashSeconds?: number }
const WAYS = ['raw', 'direct', 'throughPort'] as const
type Round = Record<(typeof WAYS)[number], Timing>

type Place = {
  file: FileHandle
  path: string
  token: string
  stack: { url: string; variables: Variables }
  directUrl: string
}

/** All three, each time another one first: whoever follows a rest has an advantage. */
async function measureRound(place: Place, round: number): Promise<Round> {
  const { path, token, stack, directUrl } = place
  const measure: Record<keyof Round, () => Promise<Timing>> = {
    raw: () => putRaw(stack.variables, path),
    direct: () => uploadOnce({ baseUrl: directUrl, token, path }),
    throughPort: () => uploadOnce({ baseUrl: stack.url, token, path }),
  }
  const first = round % WAYS.length
  const timings: Partial<Round> = {}
  for (const way of [...WAYS.slice(first), ...WAYS.slice(0, first)]) {
    await makeNew(place.file)
    await rest()
    timings[way] = await measure[way]()
  }
  return timings as Round
}

/** What the last one wrote lies on the disk before the next one begins. */
async function rest() {
  await delay(REST_MS)
  await promisify(execFile)('sync')
}

async function fill(file: FileHandle) {
  for (let at = 0; at < FILE_BYTES; at += BLOCK_BYTES) {
    await file.write(randomBytes(BLOCK_BYTES), 0, BLOCK_BYTES, at)
  }
  await file.sync()
}

/** Another file for the server, the same work for everyone. */
async function makeNew(file: FileHandle) {
  await file.write(randomBytes(16), 0, 16, 0)
  await file.sync()
}

async function putRaw(variables: Variables, path: string): Promise<Timing> {
  const { S3_ENDPOINT, S3_BUCKET, S3_REGION = 'us-east-1' } = variables
  const headers = {
    'content-length': String(FILE_BYTES),
    'x-amz-checksum-crc32c': await crc32cOf(path),
  }
  const { url } = await new AwsV4Signer({
    url: `${S3_ENDPOINT}/${S3_BUCKET}/bench/${randomBytes(8).toString('hex')}?X-Amz-Expires=600`,
    method: 'PUT',
    headers,
    service: 's3',
    region: S3_REGION,
    accessKeyId: variables.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: variables.S3_SECRET_ACCESS_KEY ?? '',
    signQuery: true,
    allHeaders: true,
  }).sign()
  const agents = createPutAgents()
  const startedAt = performance.now()
  const answer = await putFileRange(agents, {
    source: await sourceOfPath(path),
    put: { partNumber: 1, start: 0, end: FILE_BYTES, url: url.href, headers },
    onProgress: () => {},
    signal: AbortSignal.timeout(600_000),
  })
  const putSeconds = (performance.now() - startedAt) / 1000
  agents.destroy()
  if (answer.status !== 200) throw new Error(`raw PUT: ${answer.status} ${answer.body}`)
  return { putSeconds }
}

async function crc32cOf(path: string): Promise<string> {
  const crc32c = await createCRC32(CRC32C_POLYNOMIAL)
  crc32c.init()
  await using file = await open(path)
  for await (const chunk of file.createReadStream({ autoClose: false })) crc32c.update(chunk)
  return Buffer.from(crc32c.digest('binary')).toString('base64')
}

/** From the first byte sent until the last part is answered; hashing beside it. */
async function uploadOnce(where: {
  baseUrl: string
  token: string
  path: string
}): Promise<Timing> {
  const { baseUrl, token, path } = where
  const platform = createNodePlatform()
  const marks = { hashed: 0, hashStarted: 0, firstPut: 0, lastPut: 0 }
  const queue = createUploadQueue<NodeSource>({
    api: createUploadsApi({ baseUrl, headers: { 'x-api-key': token } }),
    platform: {
      ...platform,
      async inspect(source, options) {
        marks.hashStarted = performance.now()
        const inspection = await platform.inspect(source, options)
        marks.hashed = performance.now()
        return inspection
      },
      async put(request) {
        marks.firstPut ||= performance.now()
        const answer = await platform.put(request)
        marks.lastPut = performance.now()
        return answer
      },
    },
    store: createMemoryStore(),
  })
  queue.add([await sourceOfPath(path)])
  await queue.whenIdle()
  const [entry] = queue.snapshot.entries
  queue.close()
  if (entry?.state !== 'done')
    throw new Error(`the upload ended as ${entry?.state}: ${entry?.reason}`)
  return {
    putSeconds: (marks.lastPut - marks.firstPut) / 1000,
    hashSeconds: (marks.hashed - marks.hashStarted) / 1000,
  }
}

function report(rounds: Round[]) {
  const speed = (seconds: number) => `${(FILE_BYTES / 1e6 / seconds).toFixed(0)} MB/s`
  const of = (pick: (round: Round) => number) => median(rounds.map(pick))
  reportLine('raw PUT with CRC32C', speed(of(({ raw }) => raw.putSeconds)))
  reportLine('upload client, direct', speed(of(({ direct }) => direct.putSeconds)))
  reportLine('upload client, through the port', speed(of((round) => round.throughPort.putSeconds)))
  reportLine('hashing beside it', speed(of(({ direct }) => direct.hashSeconds ?? 0)))
  reportTarget(
    'direct, to the raw PUT',
    of(({ raw, direct }) => raw.putSeconds / direct.putSeconds),
    { atLeast: 0.9 },
  )
  reportTarget(
    'through the port, to the raw PUT',
    of(({ raw, throughPort }) => raw.putSeconds / throughPort.putSeconds),
    { atLeast: 0.45 },
  )
}
