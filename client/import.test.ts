import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startStandInUploadServer } from '#test/helpers/stand-in-upload-server.ts'
import { type ImportOptions, importFolder } from './import.ts'
import { readablePath } from './node/node-platform.ts'
import { type Found, walkFolder } from './node/walk-folder.ts'

async function setup(options: Parameters<typeof startStandInUploadServer>[0] = {}) {
  const server = await startStandInUploadServer(options)
  const root = await mkdtemp(join(tmpdir(), 'tintype-import-'))
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]()
    await rm(root, { recursive: true })
  })
  const folder = join(root, 'photos')
  await mkdir(folder)
  const written: string[] = []
  const run = (changes: Partial<ImportOptions> = {}) =>
    importFolder({
      folder,
      baseUrl: server.baseUrl,
      token: 'token',
      stateFile: join(root, 'state', 'import.jsonl'),
      output: { write: (text) => written.push(text) },
      signal: new AbortController().signal,
      retry: { firstDelayMs: 5, maxDelayMs: 50, attempts: 5 },
      ...changes,
    })
  const write = async (name: string, bytes: number | string = 2_000) => {
    const path = join(folder, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, typeof bytes === 'number' ? randomBytes(bytes) : bytes)
    return path
  }
  return { server, folder, run, write, written }
}

async function walk(folder: string): Promise<Found[]> {
  const found: Found[] = []
  for await (const file of walkFolder(folder)) found.push(file)
  return found
}

test('uploads what is new, and the next time nothing', async () => {
  const { server, run, write } = await setup()
  await write('a.jpg')
  await write('2020/summer/b.heic')
  await write('film.mp4', 20_000_000)

  const first = await run()
  const receivedBytes = server.receivedBytes
  const second = await run()

  expect(first).toMatchObject({ added: 3, alreadyThere: 0, failed: [] })
  expect(second).toMatchObject({ added: 0, alreadyThere: 3, failed: [] })
  expect(server.receivedBytes).toBe(receivedBytes)
})

test('goes through more files than it holds at a time', async () => {
  const { run, write } = await setup()
  for (let index = 0; index < 450; index++) await write(`${index}.jpg`, 100 + index)

  expect(await run()).toMatchObject({ added: 450, failed: [] })
})

test('lists what it cannot take and why', async () => {
  const { run, write } = await setup({
    faultOf: ({ path }) =>
      path === '/api/uploads'
        ? { status: 400, body: '{"message":"Quota has been exceeded!"}' }
        : undefined,
  })
  const photo = await write('a.jpg')
  const text = await write('notes.txt', 'hello')

  const summary = await run()

  expect(summary).toEqual({
    added: 0,
    alreadyThere: 0,
    failed: [{ path: photo, reason: 'Quota has been exceeded!' }],
    unsupported: [text],
  })
})

test('stops with a clear word when the token is not accepted', async () => {
  const { run, write } = await setup({ faultOf: () => ({ status: 401 }) })
  await write('a.jpg')

  await expect(run()).rejects.toThrow('does not accept the token')
})

test('stops when it is asked to, and goes on later', async () => {
  const stopping = new AbortController()
  let puts = 0
  const { run, write } = await setup({
    faultOf: ({ method }) => {
      if (method === 'PUT' && ++puts === 50) stopping.abort(new Error('Stopped'))
      return undefined
    },
  })
  for (let index = 0; index < 300; index++) await write(`${index}.jpg`, 5_000)
  await expect(run({ signal: stopping.signal })).rejects.toThrow('Stopped')

  const { added, alreadyThere, failed } = await run()

  expect(added + alreadyThere).toBe(300)
  expect(failed).toEqual([])
})

test('stops when it was asked to before it looked', async () => {
  const { run } = await setup()

  await expect(run({ signal: AbortSignal.abort(new Error('Stopped')) })).rejects.toThrow('Stopped')
})

test('says what is no folder', async () => {
  const { run, folder } = await setup()

  await expect(run({ folder: join(folder, 'nowhere') })).rejects.toThrow('is not a folder')
})

test('follows links once, and passes over what is hidden', async () => {
  const { folder, write } = await setup()
  await write('a.jpg')
  await write('.hidden.jpg')
  await write('.cache/b.jpg')
  await write('@eaDir/c.jpg')
  await write('deep/d.jpg')
  await symlink(folder, join(folder, 'deep', 'back'))
  await symlink(join(folder, 'nowhere'), join(folder, 'broken.jpg'))

  const found = await walk(folder)

  expect(found.map(({ kind, path }) => [kind, readablePath(path).slice(folder.length)])).toEqual([
    ['asset', '/a.jpg'],
    ['unreadable', '/broken.jpg'],
    ['asset', '/deep/d.jpg'],
  ])
})

test.each([
  'Zürich – Straße 🐶 (1).JPG',
  ' leading and trailing .jpg ',
  'quote\'s "double" `back`.jpg',
  'new\nline.jpg',
  '-rf.jpg',
  '%2e%2e%2f.jpg',
  `${'x'.repeat(250)}.jpg`,
  'x.tar.gz.jpg',
  'Ångström.jpg'.normalize('NFD'),
])('takes a file named %j', async (name) => {
  const { server, run, write } = await setup()
  await write(name)

  const { added, unsupported } = await run()

  const isTaken = name.toLowerCase().endsWith('.jpg')
  expect([added, unsupported.length]).toEqual(isTaken ? [1, 0] : [0, 1])
  const names = [...server.uploads.values()].map(({ fileName }) => fileName)
  expect(names).toEqual(isTaken ? [name.normalize('NFC')] : [])
})

test('takes a name that is not UTF-8', async () => {
  const { server, folder, run } = await setup()
  const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xfc]), Buffer.from('.jpg')])
  await writeFile(path, randomBytes(500))

  const { added } = await run()

  expect(added).toBe(1)
  expect([...server.uploads.values()][0]?.fileName).toBe('ü.jpg')
})

test.skipIf(process.getuid?.() === 0)('reports what it is not allowed to read', async () => {
  const { run, write } = await setup()
  const path = await write('a.jpg')
  await chmod(path, 0)

  expect((await run()).failed).toEqual([{ path, reason: 'The file cannot be read' }])
})

test('finds the sidecar beside its asset, the full name first', async () => {
  const { folder, write } = await setup()
  await write('a.jpg')
  await write('a.jpg.xmp', '<x/>')
  await write('a.xmp', '<x/>')
  await write('b.JPG')
  await write('b.XMP', '<x/>')

  const found = await walk(folder)

  expect(found).toEqual([
    { kind: 'asset', path: join(folder, 'a.jpg'), sidecarPath: join(folder, 'a.jpg.xmp') },
    { kind: 'asset', path: join(folder, 'b.JPG'), sidecarPath: join(folder, 'b.XMP') },
  ])
})
