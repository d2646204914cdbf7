import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Fault, startStandInUploadServer } from '#test/helpers/stand-in-upload-server.ts'
import { until } from '#test/helpers/until.ts'
import { createMemoryStore } from './memory-store.ts'
import { createNodeUploadQueue } from './node/create-upload-queue.ts'
import { sourceOfPath } from './node/node-platform.ts'
import type { UploadStore } from './upload-types.ts'

const MIB = 1024 * 1024
const QUICK_RETRY = { firstDelayMs: 5, maxDelayMs: 50, attempts: 8 }

async function setup(
  options: Parameters<typeof startStandInUploadServer>[0] & { store?: UploadStore } = {},
) {
  const server = await startStandInUploadServer(options)
  const folder = await mkdtemp(join(tmpdir(), 'tintype-client-'))
  const openQueue = (store: UploadStore = createMemoryStore()) => {
    const queue = createNodeUploadQueue({
      baseUrl: server.baseUrl,
      headers: {},
      retry: QUICK_RETRY,
      store,
    })
    onTestFinished(() => queue.close())
    return queue
  }
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  const makeFile = async (name: string, bytes: number | Buffer) => {
    const path = join(folder, name)
    await writeFile(path, typeof bytes === 'number' ? randomBytes(bytes) : bytes)
    return sourceOfPath(path)
  }
  return { server, openQueue, makeFile }
}

/** The first requests that match meet the fault. */
function firstTimes(times: number, pattern: RegExp, fault: Fault) {
  let left = times
  return ({ method, path }: { method: string; path: string }) =>
    pattern.test(`${method} ${path}`) && left-- > 0 ? fault : undefined
}

test('brings small and large files to the server, whole', async () => {
  const { server, openQueue, makeFile } = await setup()
  const queue = openQueue()

  queue.add([await makeFile('film.mp4', 40 * MIB + 123), await makeFile('photo.jpg', 5_000)])
  await queue.whenIdle()

  expect(queue.snapshot.entries.map(({ name, state }) => [name, state])).toEqual([
    ['film.mp4', 'done'],
    ['photo.jpg', 'done'],
  ])
  expect(server.assets.size).toBe(2)
  expect(server.receivedBytes).toBe(40 * MIB + 123 + 5_000)
  expect(queue.snapshot.totals).toMatchObject({ files: 2, settled: 2, done: 2 })
})

test.each([1, 16 * MIB, 16 * MIB + 1, 32 * MIB, 32 * MIB + 1])(
  'cuts a file of %i bytes where the server does',
  async (sizeBytes) => {
    const { openQueue, makeFile } = await setup()
    const queue = openQueue()

    queue.add([await makeFile('film.mp4', sizeBytes)])
    await queue.whenIdle()

    expect(queue.snapshot.entries[0]?.state).toBe('done')
  },
)

test('ends at once for a file that the server has, and asks for many in one request', async () => {
  const { server, openQueue, makeFile } = await setup()
  const files = await Promise.all(
    Array.from({ length: 20 }, (_, index) => makeFile(`${index}.jpg`, 1_000)),
  )
  const first = openQueue()
  first.add(files)
  await first.whenIdle()
  const sentBytes = server.receivedBytes
  server.seen.length = 0

  const second = openQueue()
  second.add(files)
  await second.whenIdle()

  expect(second.snapshot.totals.duplicates).toBe(20)
  expect(server.receivedBytes).toBe(sentBytes)
  expect(server.seen.length).toBeLessThan(20)
})

test('sends the same bytes under two names once', async () => {
  const { server, openQueue, makeFile } = await setup()
  const bytes = randomBytes(3_000)
  const queue = openQueue()

  queue.add([await makeFile('a.jpg', bytes), await makeFile('b.jpg', bytes)])
  await queue.whenIdle()

  expect(queue.snapshot.entries.map(({ state }) => state).sort()).toEqual(['done', 'duplicate'])
  expect(server.receivedBytes).toBe(3_000)
})

test.each([
  ['a connection cut in the middle', { cutAfterBytes: MIB }],
  ['a refused connection', { cutAfterBytes: 0 }],
  ['a busy store', { status: 503, headers: { 'retry-after': '0' } }],
  ['too many requests', { status: 429 }],
  ['a broken store', { status: 500 }],
] satisfies [string, Fault][])('tries a part again after %s', async (_, fault) => {
  const { openQueue, makeFile, server } = await setup({
    faultOf: firstTimes(3, /^PUT \/store/, fault),
  })
  const queue = openQueue()

  queue.add([await makeFile('film.mp4', 40 * MIB)])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
  // Parts that arrived are not sent again.
  expect(server.receivedBytes).toBe(40 * MIB)
})

test('waits as long as the store asks it to', async () => {
  const { openQueue, makeFile } = await setup({
    faultOf: firstTimes(1, /^PUT \/store/, { status: 429, headers: { 'retry-after': '1' } }),
  })
  const queue = openQueue()
  const startedAtMs = Date.now()

  queue.add([await makeFile('film.mp4', 17 * MIB)])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
  expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(1_000)
})

test.each([
  ['creating', /^POST \/api\/uploads$/],
  ['completing', /complete$/],
])('asks again when %s fails', async (_, pattern) => {
  const { openQueue, makeFile } = await setup({
    faultOf: firstTimes(3, pattern, { status: 502, body: '<html>Bad Gateway</html>' }),
  })
  const queue = openQueue()

  queue.add([await makeFile('photo.jpg', 5_000)])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
})

test('fetches fresh signatures when the old ones are refused', async () => {
  let puts = 0
  const { server, openQueue, makeFile } = await setup({
    faultOf: ({ method, path }) => {
      if (method === 'PUT' && path.startsWith('/store') && ++puts === 2) server.expireSignatures()
      return undefined
    },
  })
  const queue = openQueue()

  queue.add([await makeFile('film.mp4', 40 * MIB)])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
})

test('begins the upload anew when the server has forgotten it', async () => {
  let puts = 0
  const { server, openQueue, makeFile } = await setup({
    faultOf: ({ method, path }) => {
      if (method === 'PUT' && path.startsWith('/store') && ++puts === 2) server.uploads.clear()
      return undefined
    },
  })
  const queue = openQueue()

  queue.add([await makeFile('film.mp4', 40 * MIB)])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
})

test('gives up with a reason, and succeeds when it is asked to try again', async () => {
  let isBroken = true
  const { openQueue, makeFile } = await setup({
    faultOf: ({ method }) => (isBroken && method === 'PUT' ? { status: 500 } : undefined),
  })
  const queue = openQueue()
  queue.add([await makeFile('photo.jpg', 5_000)])
  await queue.whenIdle()
  expect(queue.snapshot.entries[0]).toMatchObject({ state: 'failed', canRetry: true })
  expect(queue.snapshot.entries[0]?.reason).toBeTruthy()

  isBroken = false
  queue.retryFailed()
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
})

test("tells the server's own words when it refuses a file", async () => {
  const { openQueue, makeFile } = await setup({
    faultOf: firstTimes(9, /^POST \/api\/uploads$/, {
      status: 400,
      body: JSON.stringify({ message: 'Quota has been exceeded!' }),
    }),
  })
  const queue = openQueue()

  queue.add([await makeFile('photo.jpg', 5_000)])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]).toMatchObject({
    state: 'failed',
    reason: 'Quota has been exceeded!',
  })
})

test('refuses what a library does not take before reading it', async () => {
  const { server, openQueue, makeFile } = await setup()
  const queue = openQueue()

  queue.add([await makeFile('notes.txt', 10), await makeFile('empty.jpg', 0)])
  await queue.whenIdle()

  expect(queue.snapshot.totals.failed).toBe(2)
  expect(queue.snapshot.entries.every(({ canRetry }) => !canRetry)).toBe(true)
  expect(server.seen).toEqual([])
})

test('waits for the login when the session has ended, and goes on after it', async () => {
  let isSignedOut = true
  const { openQueue, makeFile } = await setup({
    faultOf: ({ path }) => (isSignedOut && path.startsWith('/api') ? { status: 401 } : undefined),
  })
  const queue = openQueue()
  const signedOut = new Promise<void>((resolve) => {
    queue.subscribe((snapshot) => snapshot.isSignedOut && resolve())
  })
  queue.add([await makeFile('photo.jpg', 5_000)])
  await signedOut

  isSignedOut = false
  queue.resume()
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
})

/** The parts after the first `passing` ones lie on their way until they are let go. */
function holdParts(passing: number) {
  const held = Promise.withResolvers<void>()
  let puts = 0
  return {
    whenTaken: () => (++puts > passing ? held.promise : undefined),
    letGo: held.resolve,
  }
}

const untilSent = (queue: ReturnType<typeof createNodeUploadQueue>, bytes: number) =>
  new Promise<void>((resolve) => {
    queue.subscribe(({ entries }) => (entries[0]?.sentBytes ?? 0) >= bytes && resolve())
  })

test('pauses in the middle of a part and goes on with what is missing', async () => {
  const { whenTaken, letGo } = holdParts(0)
  const { server, openQueue, makeFile } = await setup({ whenTaken })
  const queue = openQueue()
  queue.add([await makeFile('film.mp4', 40 * MIB)])
  await untilSent(queue, 1)

  queue.pause()
  letGo()
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(queue.snapshot).toMatchObject({ isPaused: true, isActive: true })
  expect(server.receivedBytes).toBe(0)
  queue.resume()
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
})

test('forgets a cancelled file here and at the server', async () => {
  const { server, openQueue, makeFile } = await setup(holdParts(1))
  const store = createMemoryStore()
  const queue = openQueue(store)
  const [id] = queue.add([await makeFile('film.mp4', 40 * MIB)])
  await untilSent(queue, 8 * MIB)

  queue.cancel(id ?? '')
  await queue.whenIdle()

  await expect.poll(() => server.uploads.size, { timeout: 10_000 }).toBe(0)
  expect(queue.snapshot.entries).toEqual([])
  expect(await store.list()).toEqual([])
})

test('goes on after a restart with what is missing, without hashing again', async () => {
  const { whenTaken, letGo } = holdParts(2)
  const { server, openQueue, makeFile } = await setup({ whenTaken })
  const store = createMemoryStore()
  const first = openQueue(store)
  first.add([await makeFile('film.mp4', 40 * MIB)])
  await untilSent(first, 16 * MIB)
  await until(() => server.receivedBytes === 16 * MIB)
  first.close()
  letGo()

  const second = openQueue(store)
  let hashedBytes = 0
  second.subscribe(({ entries }) => {
    if (entries[0]?.state === 'hashing') hashedBytes = Math.max(hashedBytes, entries[0].hashedBytes)
  })
  expect(await second.resumeUnfinished()).toBe(1)
  await second.whenIdle()

  expect(second.snapshot.entries[0]?.state).toBe('done')
  expect(hashedBytes).toBe(0)
  // What had arrived before is not sent again.
  expect(server.receivedBytes).toBe(40 * MIB)
  expect(await store.list()).toEqual([])
})

test('asks for the file again where no handle was kept, and knows it when it comes', async () => {
  const { openQueue, makeFile } = await setup()
  const source = await makeFile('film.mp4', 20 * MIB)
  const store = createMemoryStore()
  await store.put([
    {
      id: 'earlier',
      fingerprint: 'of another time',
      name: 'film.mp4',
      sizeBytes: 20 * MIB,
      modifiedAtMs: 1,
      addedAtMs: 1,
    },
  ])
  const queue = openQueue(store)
  await queue.resumeUnfinished()
  expect(queue.snapshot.entries).toMatchObject([{ id: 'earlier', state: 'needsFile' }])

  queue.add([source])
  await queue.whenIdle()

  expect(queue.snapshot.entries).toMatchObject([{ id: 'earlier', state: 'done' }])
})

test('sends a file as it is now when it was changed after it was added', async () => {
  const { server, openQueue, makeFile } = await setup()
  const source = await makeFile('photo.jpg', 5_000)
  await writeFile(source.path, randomBytes(7_000))
  await utimes(source.path, 1, 1)
  const queue = openQueue()

  queue.add([source])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]).toMatchObject({ state: 'done', sizeBytes: 7_000 })
  expect(server.receivedBytes).toBe(7_000)
})

test('says when a file is gone', async () => {
  const { openQueue, makeFile } = await setup()
  const source = await makeFile('photo.jpg', 5_000)
  await rm(source.path)
  const queue = openQueue()

  queue.add([source])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]).toMatchObject({
    state: 'failed',
    reason: 'The file cannot be read',
  })
})

test('waits until the server has verified a large file', async () => {
  const { openQueue, makeFile } = await setup({ verifyPolls: 2 })
  const queue = openQueue()
  const states = new Set<string>()
  queue.subscribe(({ entries }) => states.add(entries[0]?.state ?? ''))

  queue.add([await makeFile('film.mp4', 20 * MIB)])
  await queue.whenIdle()

  expect(queue.snapshot.entries[0]?.state).toBe('done')
  expect(states).toContain('verifying')
})

test('sends small files before the parts of a large one', async () => {
  const { server, openQueue, makeFile } = await setup()
  const queue = openQueue()
  const settled: string[] = []
  queue.onSettled(({ name }) => settled.push(name))

  queue.add([
    await makeFile('film.mp4', 120 * MIB),
    ...(await Promise.all(
      Array.from({ length: 6 }, (_, index) => makeFile(`${index}.jpg`, 2_000)),
    )),
  ])
  await queue.whenIdle()

  expect(settled.at(-1)).toBe('film.mp4')
  expect(server.maxInFlight).toBeLessThanOrEqual(8)
})
