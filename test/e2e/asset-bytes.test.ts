import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as sdk from '@immich/sdk'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { UploadDto } from '#contracts/api/uploads.ts'
import { assets, uploads } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { absentNeighbours } from '#test/helpers/absent-neighbours.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { sha1 } from '#test/helpers/forms.ts'
import { createTestGateway } from '#test/helpers/gateway.ts'
import { announcement, sendPuts } from '#test/helpers/presigned.ts'
import { until } from '#test/helpers/until.ts'
import { buildTestEdge, startEdge, testInWorkerd } from '#test/helpers/workerd.ts'

const MIB = 1024 * 1024
/** What a whole edge process may ever take while a file of any size passes through it. */
const MEMORY_LIMIT_MIB = 300
const testMemory = testInWorkerd('its own processes are what takes the memory')
const testOwnPort = testInWorkerd('the bytes go to the store itself, not through the own port')
const ADMIN = { email: 'admin@example.com', name: 'Admin', password: 'the first password' }

const [folder, database, bucket] = await Promise.all([
  buildTestEdge(),
  createTestDatabase(),
  createTestBucket(),
])
const gateway = await createTestGateway(database)
const storage = createNodeStorage(bucket)
const edge = await startEdge(folder, {
  GATEWAY_URL: gateway.url,
  GATEWAY_SECRET: gateway.secret,
  ...absentNeighbours,
  S3_ENDPOINT: bucket.endpoint,
  S3_REGION: bucket.region,
  S3_BUCKET: bucket.bucket,
  S3_ACCESS_KEY_ID: bucket.accessKeyId,
  S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
  LOG_LEVEL: 'info',
})

let authorization = ''
let apiKey = ''
beforeAll(async () => {
  const json = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMIN),
  }
  await fetch(`${edge.url}/api/auth/admin-sign-up`, json)
  const login = await (await fetch(`${edge.url}/api/auth/login`, json)).json()
  authorization = `Bearer ${login.accessToken}`
  const made = await post('/api/api-keys', { name: 'all', permissions: ['all'] })
  apiKey = (await made.json()).secret
})

const post = async (path: string, body: unknown) =>
  await fetch(edge.url + path, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const HEAD = Buffer.from(
  ['fileCreatedAt', 'fileModifiedAt']
    .map(
      (name) =>
        `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n2024-05-17T10:00:00.000Z\r\n`,
    )
    .join('') +
    '--B\r\nContent-Disposition: form-data; name="assetData"; filename="film.mp4"\r\n\r\n',
)
const TAIL = Buffer.from('\r\n--B--\r\n')

type Sent = { status: number; body: { id?: string; status?: string; message?: string } }
type Form = { chunks: Iterable<Buffer>; headers?: Record<string, string>; leaveAfter?: number }

/** Sends a form chunk by chunk, without a length; leaves without a word after so many bytes. */
function sendForm({ chunks, headers, leaveAfter = Infinity }: Form): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sending = request(`${edge.url}/api/assets`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'multipart/form-data; boundary=B', ...headers },
    })
    sending.on('error', reject)
    sending.on('response', async (response) => {
      const body = Buffer.concat(await response.toArray()).toString()
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(body) })
    })
    const iterator = chunks[Symbol.iterator]()
    let sentBytes = 0
    const next = () => {
      for (;;) {
        if (sentBytes >= leaveAfter) return void sending.destroy()
        const { done, value } = iterator.next()
        if (done) return void sending.end()
        sentBytes += value.length
        if (!sending.write(value)) return void sending.once('drain', next)
      }
    }
    next()
  })
}

function* formOf(sizeMib: number, mib: Buffer): Generator<Buffer> {
  yield HEAD
  for (let sent = 0; sent < sizeMib; sent += 1) yield mib
  yield TAIL
}

const peakMib = async () => {
  const status = await readFile(`/proc/${edge.children[0]?.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

describe('a form upload', () => {
  testMemory('of any size passes through workerd in constant memory', async () => {
    const mib = randomBytes(MIB)
    const hash = createHash('sha1')
    for (let sent = 0; sent < 600; sent += 1) hash.update(mib)

    const { status, body } = await sendForm({ chunks: formOf(600, mib) })

    expect(status).toBe(201)
    const [asset] = await database.db
      .select()
      .from(assets)
      .where(eq(assets.id, body.id as never))
    expect(asset?.sizeBytes).toBe(600 * MIB)
    expect(Buffer.from(asset?.checksum ?? [])).toEqual(hash.digest())
    expect((await storage.head(asset?.originalKey ?? ''))?.sizeBytes).toBe(600 * MIB)
    expect(await peakMib()).toBeLessThan(MEMORY_LIMIT_MIB)
  })

  test('of a client that goes away leaves nothing behind', async () => {
    const mib = randomBytes(MIB)

    const sent = sendForm({ chunks: formOf(200, mib), leaveAfter: 60 * MIB })

    await expect(sent).rejects.toThrow()
    await until(async () => (await database.db.select().from(uploads)).length === 0, {
      timeoutMs: 30_000,
    })
  })

  test('of a file that is there is answered before it has been read', async () => {
    const mib = randomBytes(MIB)
    const first = await sendForm({ chunks: formOf(1, mib) })
    const checksum = createHash('sha1').update(mib).digest('hex')

    const again = await sendForm({
      chunks: formOf(1, mib),
      headers: { 'x-immich-checksum': checksum },
    })
    const large = await fetch(`${edge.url}/api/assets`, {
      method: 'POST',
      headers: {
        authorization,
        'content-type': 'multipart/form-data; boundary=B',
        'x-immich-checksum': checksum,
      },
      body: Buffer.concat([...formOf(100, mib)]),
    })

    expect(again).toEqual({ status: 200, body: { id: first.body.id, status: 'duplicate' } })
    expect(large.status).toBe(200)
  })
})

describe('our own port', () => {
  testOwnPort('takes presigned parts and gives ranges back', async () => {
    const bytes = randomBytes(24 * MIB)
    const { upload } = await (
      await post('/api/uploads', announcement({ bytes, fileName: 'a.mp4' }))
    ).json()

    const statuses = await sendPuts(upload.puts, bytes)
    const done = UploadDto.parse(
      await (await post(`/api/uploads/${upload.id}/complete`, {})).json(),
    )

    expect(upload.puts[0].url.startsWith(`${edge.url}/${bucket.bucket}/`)).toBe(true)
    expect(upload.puts.length).toBeGreaterThan(1)
    expect(statuses).toEqual(upload.puts.map(() => 200))
    expect(done.state).toBe('verifying')
  })

  test('streams an original whole and in part', async () => {
    const bytes = randomBytes(3 * MIB)
    const { upload } = await (
      await post('/api/uploads', announcement({ bytes, fileName: 'b.mp4' }))
    ).json()
    await sendPuts(upload.puts, bytes)
    await post(`/api/uploads/${upload.id}/complete`, {})
    const get = (path: string, headers = {}) =>
      fetch(`${edge.url}/api/assets/${upload.assetId}/${path}`, {
        headers: { authorization, ...headers },
      })

    const whole = await get('original')
    const part = await get('video/playback', { range: 'bytes=1000000-1000999' })
    const head = await fetch(`${edge.url}/api/assets/${upload.assetId}/original`, {
      method: 'HEAD',
      headers: { authorization },
    })

    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true)
    expect(whole.headers.get('content-length')).toBe(String(bytes.length))
    expect(part.status).toBe(206)
    expect(part.headers.get('content-length')).toBe('1000')
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1_000_000, 1_001_000))).toBe(
      true,
    )
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)])
  })
})

describe("Immich's own clients", () => {
  const upload = async (folder: string) => {
    const immich = join(process.cwd(), 'node_modules', '@immich', 'cli', 'bin', 'immich')
    const args = [
      immich,
      '--url',
      `${edge.url}/api`,
      '--key',
      apiKey,
      'upload',
      '--recursive',
      folder,
    ]
    const env = { ...process.env, IMMICH_CONFIG_DIR: folder }
    return (await promisify(execFile)(process.execPath, args, { env })).stdout
  }

  test('the command line tool uploads a folder with sidecars, once', async () => {
    const files = await mkdtemp(join(tmpdir(), 'tintype-cli-'))
    atEndOfFile(() => rm(files, { recursive: true }))
    const large = randomBytes(20 * MIB)
    await writeFile(join(files, 'one.jpg'), randomBytes(3000))
    await writeFile(join(files, 'one.jpg.xmp'), '<x:xmpmeta/>')
    await writeFile(join(files, 'zwei ü.mp4'), large)

    await upload(files)
    const again = await upload(files)

    const rows = await database.db.select().from(assets)
    const byName = new Map(rows.map((row) => [row.originalFileName, row]))
    expect(byName.get('one.jpg')?.sidecarKey).not.toBeNull()
    expect(Buffer.from(byName.get('zwei ü.mp4')?.checksum ?? [])).toEqual(sha1(large))
    expect(again).toContain('duplicate')
  })

  test('the SDK uploads, finds, trashes and restores', async () => {
    sdk.init({ baseUrl: `${edge.url}/api`, apiKey })
    const file = new File([randomBytes(2000)], 'sdk.jpg')
    const times = {
      fileCreatedAt: '2024-05-17T10:00:00.000Z',
      fileModifiedAt: '2024-05-17T10:00:00.000Z',
    }

    const { id, status } = await sdk.uploadAsset({
      assetMediaCreateDto: { assetData: file, ...times },
    })
    const asset = await sdk.getAssetInfo({ id })
    const bytes = await sdk.downloadAsset({ id })
    const months = await sdk.getTimeBuckets({})
    const month = await sdk.getTimeBucket({ timeBucket: '2024-05-01' })
    await sdk.deleteAssets({ assetBulkDeleteDto: { ids: [id] } })
    const restored = await sdk.restoreTrash()

    expect(status).toBe('created')
    expect(asset).toMatchObject({ originalFileName: 'sdk.jpg', type: 'IMAGE', isTrashed: false })
    expect(bytes.size).toBe(2000)
    expect(months.map(({ timeBucket }) => timeBucket)).toContain('2024-05-01')
    expect(month.id).toContain(id)
    expect(restored).toEqual({ count: 1 })
  })
})
