import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startStandInUploadServer } from '#test/helpers/stand-in-upload-server.ts'
import { until } from '#test/helpers/until.ts'
import { type WatchOptions, watchFolder } from './watch-folder.ts'

const TIMING = {
  quietMs: 150,
  lookEveryMs: 25,
  scanEveryMs: 60_000,
  pollEveryMs: 100,
  reportEveryMs: 200,
}
/** Longer than a busy machine lets pass between two writes. */
const PATIENT_TIMING = { ...TIMING, quietMs: 1_500 }

async function setup(options: Parameters<typeof startStandInUploadServer>[0] = {}) {
  const server = await startStandInUploadServer(options)
  const root = await mkdtemp(join(tmpdir(), 'tintype-watch-'))
  const folder = join(root, 'photos')
  await mkdir(folder)
  const said: string[] = []
  const stops: (() => Promise<void>)[] = []
  onTestFinished(async () => {
    for (const stop of stops) await stop()
    await server[Symbol.asyncDispose]()
    await rm(root, { recursive: true, force: true })
  })
  const start = (changes: Partial<WatchOptions> = {}) => {
    const stopping = new AbortController()
    const ended = watchFolder({
      folder,
      baseUrl: server.baseUrl,
      token: 'token',
      account: 'ada',
      stateFile: join(root, 'state', 'watch'),
      output: { write: (text) => said.push(text) },
      signal: stopping.signal,
      timing: TIMING,
      retry: { firstDelayMs: 5, maxDelayMs: 50, attempts: Number.POSITIVE_INFINITY },
      ...changes,
    })
    const stop = async () => {
      stopping.abort(new Error('Stopped'))
      await ended.catch(() => {})
    }
    stops.push(stop)
    return { stop, ended }
  }
  const write = async (name: string, bytes: number | string | Buffer = 2_000) => {
    const path = join(folder, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, typeof bytes === 'number' ? randomBytes(bytes) : bytes)
    return path
  }
  const names = () => [...server.uploads.values()].map(({ fileName }) => fileName).sort()
  const untilThere = (count: number) =>
    until(
      () =>
        [...server.uploads.values()].filter(({ state }) => state === 'complete').length === count,
    )
  /** The server has a file before the watch knows that it does. */
  const untilTold = (count: number) =>
    until(() => {
      const told = [...said.join('').matchAll(/(\d+) files? uploaded/g)]
      return told.reduce((sum, [, files]) => sum + Number(files), 0) === count
    })
  return { server, root, folder, said, start, write, names, untilThere, untilTold }
}

test('what lies in a folder goes up, and then what comes into it, in new subfolders too', async () => {
  const { start, write, names, untilThere, folder, root } = await setup()
  await write('a.jpg')
  await write('2020/b.heic')
  await write('../c.mp4', 20_000_000)
  start()
  await untilThere(2)
  await rename(join(root, 'c.mp4'), join(folder, 'c.mp4'))
  await write('2021/summer/d.jpg')
  await write('2020/e.jpg')

  await untilThere(5)

  expect(names()).toEqual(['a.jpg', 'b.heic', 'c.mp4', 'd.jpg', 'e.jpg'])
  expect((await readdir(folder, { recursive: true })).sort()).toEqual([
    '2020',
    '2020/b.heic',
    '2020/e.jpg',
    '2021',
    '2021/summer',
    '2021/summer/d.jpg',
    'a.jpg',
    'c.mp4',
  ])
})

test('a file that grows is waited for', async () => {
  const { start, write, untilThere, server } = await setup()
  start({ timing: PATIENT_TIMING })
  const path = await write('film.mp4', 1000)
  for (let round = 0; round < 8; round++) {
    await new Promise((resolve) => setTimeout(resolve, 60))
    await appendFile(path, randomBytes(1000))
  }

  await untilThere(1)

  expect([...server.uploads.values()].map(({ sizeBytes }) => sizeBytes)).toEqual([9000])
})

test('after a restart nothing is read or sent again, and what came meanwhile goes up', async () => {
  const { start, write, untilThere, untilTold, server, said } = await setup()
  await write('a.jpg')
  await write('b.jpg')
  await write('notes.txt')
  const first = start()
  await untilTold(2)
  await until(() => said.join('').includes('notes.txt: not a photo or video'))
  await first.stop()
  const asked = server.seen.length
  await write('c.jpg')

  start()
  await untilThere(3)

  expect(said.join('')).toContain('of which 3 files are known')
  expect(said.join('').match(/notes\.txt/g)).toHaveLength(1)
  // One file: announced, sent, completed.
  expect(server.seen.length - asked).toBeLessThanOrEqual(4)
})

test('another account begins anew', async () => {
  const { start, write, untilThere, said } = await setup()
  await write('a.jpg')
  const first = start()
  await untilThere(1)
  await first.stop()

  start({ account: 'bob' })

  await until(() => said.join('').includes('1 already there'))
})

test('a file that got another name or lies twice is sent once', async () => {
  const { start, write, untilThere, server, folder, said } = await setup()
  const bytes = randomBytes(3000)
  await write('a.jpg', bytes)
  start()
  await untilThere(1)
  const sentBytes = server.receivedBytes

  await rename(join(folder, 'a.jpg'), join(folder, 'b.jpg'))
  await until(() => said.join('').includes('1 already there'))
  await write('copy/c.jpg', bytes)
  await until(() => said.join('').match(/1 already there/g)?.length === 2)

  expect(server.receivedBytes).toBe(sentBytes)
})

test('a changed file goes up as what it is now', async () => {
  const { start, write, untilThere } = await setup()
  await write('a.jpg', 1000)
  start()
  await untilThere(1)

  await write('a.jpg', 1500)

  await untilThere(2)
})

test('a folder that moves in goes up whole', async () => {
  const { start, write, untilThere, folder, root } = await setup()
  start()
  await write('../elsewhere/x/a.jpg')
  await write('../elsewhere/b.jpg')

  await rename(join(root, 'elsewhere'), join(folder, 'moved'))
  await untilThere(2)
  await write('moved/x/c.jpg')

  await untilThere(3)
})

test('a sidecar goes with its asset', async () => {
  const { start, write, untilThere, server } = await setup()
  start({ timing: PATIENT_TIMING })

  await write('a.jpg')
  await write('a.jpg.xmp', '<x:xmpmeta/>')

  await untilThere(1)
  expect(server.seen.filter((line) => line.includes('/sidecar'))).toHaveLength(1)
})

test('a file that fails is reported once, and tried again when it changes', async () => {
  let isFull = true
  const { start, write, untilThere, said, folder } = await setup({
    faultOf: ({ path }) =>
      path === '/api/uploads' && isFull
        ? { status: 400, body: '{"message":"Quota has been exceeded!"}' }
        : undefined,
  })
  const path = await write('a.jpg')
  start()
  await until(() => said.join('').includes(`${path}: Quota has been exceeded!`))
  isFull = false
  await write('b.jpg')
  await untilThere(1)

  await write('a.jpg', 5000)

  await untilThere(2)
  expect(said.join('').match(/Quota/g)).toHaveLength(1)
  expect((await readdir(folder)).sort()).toEqual(['a.jpg', 'b.jpg'])
})

test('a server that is away is waited for', async () => {
  let isAway = true
  const { start, write, untilThere, server } = await setup({
    faultOf: () => (isAway ? { status: 503 } : undefined),
  })
  await write('a.jpg')
  start()
  await until(() => server.seen.length > 5)

  isAway = false

  await untilThere(1)
})

test('ends when the token is not accepted', async () => {
  const { start, write } = await setup({ faultOf: () => ({ status: 401 }) })
  await write('a.jpg')

  await expect(start().ended).rejects.toThrow('does not accept the token')
})

test('a folder that goes away and comes back is watched again, and nothing is sent twice', async () => {
  const { start, write, untilThere, server, folder, root, said } = await setup()
  await write('a.jpg')
  start({ timing: { ...TIMING, scanEveryMs: 200 } })
  await untilThere(1)
  const before = (await stat(join(folder, 'a.jpg'))).mtimeMs
  const sentBytes = server.receivedBytes

  await rename(folder, join(root, 'away'))
  await until(() => said.join('').includes('this folder is not there'))
  await rename(join(root, 'away'), folder)
  await write('b.jpg', 700)
  await untilThere(2)

  expect(server.receivedBytes).toBe(sentBytes + 700)
  expect((await stat(join(folder, 'a.jpg'))).mtimeMs).toBe(before)
})
