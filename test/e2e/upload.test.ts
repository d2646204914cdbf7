import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Browser, Page } from 'playwright-core'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createMemoryStore } from '#client/memory-store.ts'
import { createNodeUploadQueue } from '#client/node/create-upload-queue.ts'
import { sourceOfPath } from '#client/node/node-platform.ts'
import type { UploadStore } from '#client/upload-types.ts'
import { createUploadsApi } from '#client/uploads-api.ts'
import { assets, uploads } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { type BackendUser, createAccounts, createBackend } from '#test/helpers/backend.ts'
import { closeWithTest, dropFiles, launchChromium } from '#test/helpers/gallery.ts'
import { startTcpProxy, type TcpProxy } from '#test/helpers/tcp-proxy.ts'
import { until } from '#test/helpers/until.ts'
import { buildUploadPage } from '#test/helpers/upload-page.ts'
import { buildTestEdge, startEdge, testInWorkerd } from '#test/helpers/workerd.ts'

const MIB = 1024 * 1024
const PART_BYTES = 8 * MIB
/** What a request costs besides its body, with room to spare. */
const OVERHEAD = 1.02
const NODE_TRANSFERS = { start: 2, max: 2 }
const PAGE_TRANSFERS = 4
const testOwnPort = testInWorkerd('the bytes go to the store itself, not through the own port')
const testProcesses = testInWorkerd('its process is not the one that serves')
const QUICK_RETRY = { firstDelayMs: 20, maxDelayMs: 300, attempts: 60 }

let backend: Awaited<ReturnType<typeof createBackend>>
let accounts: Awaited<ReturnType<typeof createAccounts>>
let edgeFolder: string
let edge: Awaited<ReturnType<typeof startEdge>>
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-upload-'))
  atEndOfFile(() => rm(folder, { recursive: true }))
  backend = await createBackend()
  edgeFolder = await buildTestEdge()
  await buildUploadPage(join(edgeFolder, 'dist', 'web'))
  edge = await startEdge(edgeFolder, backend.edgeVariables, 2)
  accounts = await createAccounts(edge.url)
})

/** As in a browser whose database and file handles never answer. */
function silenceBrowserStores() {
  IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest
  DataTransferItem.prototype.getAsFileSystemHandle = () => new Promise(() => {})
}

async function makeFile(name: string, bytes: number | Buffer) {
  const content = typeof bytes === 'number' ? randomBytes(bytes) : bytes
  const path = join(folder, name)
  await writeFile(path, content)
  return { path, checksum: createHash('sha1').update(content).digest(), sizeBytes: content.length }
}

const headersOf = ({ token }: BackendUser) => ({ authorization: `Bearer ${token}` })

function openQueue(url: string, user: BackendUser, store: UploadStore = createMemoryStore()) {
  const queue = createNodeUploadQueue({
    baseUrl: url,
    headers: headersOf(user),
    retry: QUICK_RETRY,
    transfers: NODE_TRANSFERS,
    store,
  })
  onTestFinished(() => queue.close())
  return queue
}

async function listAssets(user: BackendUser) {
  return await backend.db.select().from(assets).where(eq(assets.ownerId, user.id))
}

/** The bytes of every asset of a user, as the store has them, are those that its row names. */
async function expectTrueBytes(user: BackendUser) {
  const storage = createNodeStorage(backend.bucket)
  onTestFinished(() => storage.close())
  for (const asset of await listAssets(user)) {
    const hash = createHash('sha1')
    const body = await storage.stream(asset.originalKey)
    for await (const chunk of body ?? []) hash.update(chunk)
    expect(hash.digest().equals(Buffer.from(asset.checksum))).toBe(true)
  }
}

describe('from Node', () => {
  test('a small and a large file become assets with the bytes that were sent', async () => {
    const user = await accounts.newUser()
    const photo = await makeFile('photo.jpg', 100_000)
    const film = await makeFile('film.mp4', 40 * MIB + 17)
    const queue = openQueue(edge.url, user)

    queue.add([await sourceOfPath(photo.path), await sourceOfPath(film.path)])
    await queue.whenIdle()

    expect(queue.snapshot.entries.map(({ state, reason }) => [state, reason])).toEqual([
      ['done', undefined],
      ['done', undefined],
    ])
    const checksums = (await listAssets(user)).map(({ checksum }) => Buffer.from(checksum))
    expect(checksums).toHaveLength(2)
    expect(checksums).toContainEqual(photo.checksum)
    expect(checksums).toContainEqual(film.checksum)
    await expectTrueBytes(user)
  })

  test('what the server has is told at once', async () => {
    const user = await accounts.newUser()
    const sources = await Promise.all(
      Array.from({ length: 30 }, async (_, index) =>
        sourceOfPath((await makeFile(`same-${index}.jpg`, 5_000 + index)).path),
      ),
    )
    const first = openQueue(edge.url, user)
    first.add(sources)
    await first.whenIdle()
    expect(first.snapshot.totals).toMatchObject({ done: 30, failed: 0 })

    const second = openQueue(edge.url, user)
    second.add(sources)
    await second.whenIdle()

    expect(second.snapshot.totals).toMatchObject({ duplicates: 30, failed: 0 })
    const ids = new Set((await listAssets(user)).map(({ id }) => String(id)))
    expect(second.snapshot.entries.every(({ assetId }) => ids.has(assetId ?? ''))).toBe(true)
  })

  testOwnPort('a line that is cut in the middle of parts delays an upload, no more', async () => {
    const user = await accounts.newUser()
    const line = await startTcpProxy(edge.port)
    const film = await makeFile('cut.mp4', 48 * MIB)
    const queue = openQueue(line.url, user)

    // No part gets through whole, until the line holds.
    const cutAfterBytes = 5 * MIB
    line.cutAfter(cutAfterBytes)
    queue.add([await sourceOfPath(film.path)])
    await until(() => line.cuts >= 6, { timeoutMs: 60_000 })
    line.cutAfter(undefined)
    await queue.whenIdle()

    expect(queue.snapshot.entries[0]).toMatchObject({ state: 'done' })
    const wasted = line.cuts * cutAfterBytes
    expect(line.bytesUp).toBeLessThan((film.sizeBytes + wasted) * OVERHEAD)
    await expectTrueBytes(user)
  })

  testOwnPort('after its end the client sends only what is missing', async () => {
    const user = await accounts.newUser()
    const line = await startTcpProxy(edge.port)
    const film = await makeFile('resumed.mp4', 96 * MIB)
    const store = createMemoryStore()
    const first = openQueue(line.url, user, store)
    first.add([await sourceOfPath(film.path)])
    await until(() => line.bytesUp > 48 * MIB, { timeoutMs: 60_000 })
    first.close()

    const second = openQueue(line.url, user, store)
    await second.resumeUnfinished()
    await second.whenIdle()

    expect(second.snapshot.entries[0]).toMatchObject({ state: 'done' })
    const inFlight = NODE_TRANSFERS.max * PART_BYTES
    expect(line.bytesUp).toBeLessThan((film.sizeBytes + inFlight) * OVERHEAD)
  })

  testProcesses(
    'a server that is killed and comes back goes on with what has arrived',
    async () => {
      const user = await accounts.newUser()
      const doomed = await startEdge(edgeFolder, backend.edgeVariables)
      const line = await startTcpProxy(doomed.port)
      const film = await makeFile('restart.mp4', 80 * MIB)
      const queue = openQueue(line.url, user)
      queue.add([await sourceOfPath(film.path)])
      await until(() => line.bytesUp > 36 * MIB, { timeoutMs: 60_000 })

      doomed.die()
      line.dropAll()
      const heir = await startEdge(edgeFolder, backend.edgeVariables)
      line.leadTo(heir.port)
      await queue.whenIdle()

      expect(queue.snapshot.entries[0]).toMatchObject({ state: 'done' })
      const inFlight = NODE_TRANSFERS.max * PART_BYTES
      expect(line.bytesUp).toBeLessThan((film.sizeBytes + inFlight) * OVERHEAD)
      await expectTrueBytes(user)
    },
  )

  test('a quota holds under uploads that come at the same time', async () => {
    const user = await accounts.newUser({ quotaSizeInBytes: 5_500_000 })
    const sources = await Promise.all(
      Array.from({ length: 12 }, async (_, index) =>
        sourceOfPath((await makeFile(`quota-${index}.jpg`, 1_000_000)).path),
      ),
    )
    const queues = sources.map((source) => {
      const queue = openQueue(edge.url, user)
      queue.add([source])
      return queue
    })
    await Promise.all(queues.map((queue) => queue.whenIdle()))

    const entries = queues.flatMap(({ snapshot }) => snapshot.entries)
    expect(entries.filter(({ state }) => state === 'done')).toHaveLength(5)
    const reasons = entries.filter(({ state }) => state === 'failed').map(({ reason }) => reason)
    expect(new Set(reasons)).toEqual(new Set(['Quota has been exceeded!']))
    const kept = (await listAssets(user)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    expect(kept).toBe(5_000_000)
  })

  /** A queue that remembers a hash which the file does not have. */
  async function openLyingQueue(user: BackendUser, file: { path: string; sizeBytes: number }) {
    const store = createMemoryStore()
    const { path, name, sizeBytes, modifiedAtMs } = await sourceOfPath(file.path)
    const fingerprint = JSON.stringify([path, sizeBytes, modifiedAtMs])
    const hash = { checksum: createHash('sha1').update(randomBytes(8)).digest('base64') }
    const record = { id: 'lie', fingerprint, name, sizeBytes, modifiedAtMs, addedAtMs: 1, hash }
    await store.put([{ ...record, handle: { path } }])
    return openQueue(edge.url, user, store)
  }

  test.each([
    ['a single PUT', 50_000],
    ['parts', 20 * MIB],
  ])(
    'a file that is not what its remembered hash says, sent as %s, is read again',
    async (_, sizeBytes) => {
      const user = await accounts.newUser()
      const film = await makeFile('changed.mp4', sizeBytes)
      const queue = await openLyingQueue(user, film)

      await queue.resumeUnfinished()
      await queue.whenIdle()

      expect(queue.snapshot.entries[0]).toMatchObject({ state: 'done' })
      const checksums = (await listAssets(user)).map(({ checksum }) => Buffer.from(checksum))
      expect(checksums).toEqual([film.checksum])
      await expectTrueBytes(user)
    },
  )

  test('parts that are not the announced file leave nothing', async () => {
    const user = await accounts.newUser()
    const film = await makeFile('other.mp4', 20 * MIB)
    const api = createUploadsApi({ baseUrl: edge.url, headers: headersOf(user) })
    const { signal } = new AbortController()
    const at = new Date().toISOString()
    const created = await api.create(
      {
        fileName: 'other.mp4',
        sizeBytes: film.sizeBytes,
        checksum: createHash('sha1').update('announced').digest('base64'),
        claims: { fileCreatedAt: at, fileModifiedAt: at },
      },
      signal,
    )
    if (created.status !== 'upload') throw new Error('expected a new upload')
    const content = await readFile(film.path)
    for (const { url, headers, start, end } of created.upload.puts) {
      const body = content.subarray(start, end)
      expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(200)
    }

    await api.complete(created.upload.id, signal)
    const stateOf = async () => (await api.find({ id: created.upload.id }, signal)).state
    await until(async () => (await stateOf()) === 'failed', { timeoutMs: 60_000 })

    expect(await listAssets(user)).toEqual([])
    const [upload] = await backend.db.select().from(uploads).where(eq(uploads.ownerId, user.id))
    const storage = createNodeStorage(backend.bucket)
    onTestFinished(() => storage.close())
    await until(async () => !(await storage.head(upload?.objectKey ?? '')))
  })

  test('a sidecar travels with its asset', async () => {
    const user = await accounts.newUser()
    const photo = await makeFile('with-sidecar.jpg', 9_000)
    const sidecar = await makeFile('with-sidecar.jpg.xmp', Buffer.from('<x:xmpmeta/>'))
    const queue = openQueue(edge.url, user)

    queue.add([await sourceOfPath(photo.path, sidecar.path)])
    await queue.whenIdle()

    const [asset] = await listAssets(user)
    const storage = createNodeStorage(backend.bucket)
    onTestFinished(() => storage.close())
    expect(await storage.head(asset?.sidecarKey ?? '')).toMatchObject({
      sizeBytes: sidecar.sizeBytes,
    })
  })
})

describe('from a page', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchChromium('--host-resolver-rules=MAP nas.local 127.0.0.1')
  })

  /** A page that is logged in, at the far end of a line. */
  async function openPage(
    line: TcpProxy,
    { host = '127.0.0.1', initScript }: { host?: string; initScript?: () => void } = {},
  ) {
    const user = await accounts.newUser()
    const context = await browser.newContext()
    closeWithTest(context)
    if (initScript) await context.addInitScript(initScript)
    const page = await context.newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (/security policy/i.test(message.text())) faults.push(message.text())
    })
    const origin = `http://${host}:${line.port}`
    await page.goto(origin)
    const status = await page.evaluate(async ({ email, password }) => {
      const answer = await fetch('/api/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      })
      return answer.status
    }, user)
    expect(status).toBe(201)
    await page.goto(`${origin}/?user=${user.id}`)
    await page.waitForSelector('body[data-ready]')
    return { page, user, faults }
  }

  const statesOf = (page: Page) =>
    page.evaluate(() => window.queue.snapshot.entries.map(({ name, state }) => [name, state]))
  const whenIdle = (page: Page) => page.evaluate(() => window.queue.whenIdle())
  const untilSent = (page: Page, bytes: number) =>
    page.waitForFunction(
      (least) => window.queue.snapshot.entries.some(({ sentBytes }) => sentBytes > least),
      bytes,
      { timeout: 60_000, polling: 100 },
    )

  test('dropped files become assets', async () => {
    const line = await startTcpProxy(edge.port)
    const { page, user, faults } = await openPage(line)
    const photo = await makeFile('dropped.jpg', 60_000)
    const film = await makeFile('dropped.mp4', 20 * MIB)

    await dropFiles(page, [photo.path, film.path])
    await page.waitForFunction(() => window.queue.snapshot.entries.length === 2)
    await whenIdle(page)

    expect((await statesOf(page)).sort()).toEqual([
      ['dropped.jpg', 'done'],
      ['dropped.mp4', 'done'],
    ])
    expect(await listAssets(user)).toHaveLength(2)
    await expectTrueBytes(user)
    expect(faults).toEqual([])
  })

  test('a browser that keeps nothing, and does not say so, uploads all the same', async () => {
    const line = await startTcpProxy(edge.port)
    const { page, user, faults } = await openPage(line, { initScript: silenceBrowserStores })
    const photo = await makeFile('unkept.jpg', 60_000)

    await dropFiles(page, [photo.path])
    await page.waitForFunction(() => window.queue.snapshot.entries.length === 1)
    await whenIdle(page)

    expect(await statesOf(page)).toEqual([['unkept.jpg', 'done']])
    expect(await listAssets(user)).toHaveLength(1)
    expect(faults).toEqual([])
  })

  testOwnPort(
    'a reload in the middle of a large file costs no more than the parts in the air',
    async () => {
      const line = await startTcpProxy(edge.port)
      const { page, user } = await openPage(line)
      const film = await makeFile('reloaded.mp4', 96 * MIB)
      line.limit(12 * MIB)
      await dropFiles(page, [film.path])
      await untilSent(page, 50 * MIB)

      await page.reload()
      await page.waitForSelector('body[data-ready]')
      line.limit(undefined)
      await page.click('button')
      await page.waitForFunction(() => window.queue.snapshot.entries[0]?.state === 'done', null, {
        timeout: 60_000,
        polling: 100,
      })

      expect(await listAssets(user)).toHaveLength(1)
      expect(line.bytesUp).toBeLessThan((film.sizeBytes + PAGE_TRANSFERS * PART_BYTES) * OVERHEAD)
      await expectTrueBytes(user)
    },
  )

  testOwnPort(
    'on plain http a reloaded page asks for the file again and sends what is missing',
    async () => {
      const line = await startTcpProxy(edge.port)
      const { page, user } = await openPage(line, { host: 'nas.local' })
      const film = await makeFile('chosen-again.mp4', 96 * MIB)
      line.limit(12 * MIB)
      await dropFiles(page, [film.path])
      await untilSent(page, 50 * MIB)
      await page.reload()
      await page.waitForSelector('body[data-ready]')
      expect(await statesOf(page)).toEqual([['chosen-again.mp4', 'needsFile']])

      line.limit(undefined)
      await dropFiles(page, [film.path])
      await page.waitForFunction(() => window.queue.snapshot.entries[0]?.state === 'done', null, {
        timeout: 60_000,
        polling: 100,
      })

      expect(await listAssets(user)).toHaveLength(1)
      expect(line.bytesUp).toBeLessThan((film.sizeBytes + PAGE_TRANSFERS * PART_BYTES) * OVERHEAD)
    },
  )

  testOwnPort('a page waits while the line is gone and goes on when it is back', async () => {
    const line = await startTcpProxy(edge.port)
    const { page } = await openPage(line, { host: 'nas.local' })
    const film = await makeFile('offline.mp4', 48 * MIB)
    line.limit(12 * MIB)
    await dropFiles(page, [film.path])
    await untilSent(page, 20 * MIB)

    await page.context().setOffline(true)
    await page.waitForFunction(() => window.queue.snapshot.isOffline)
    line.limit(undefined)
    await page.context().setOffline(false)
    await whenIdle(page)

    expect(await statesOf(page)).toEqual([['offline.mp4', 'done']])
  })
})
