import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { beforeAll, type TestContext, test } from 'vitest'
import { apiKeys, assets } from '#db/schema/tables.ts'
import { createAccounts, createBackend } from '#test/helpers/backend.ts'
import { startTcpProxy } from '#test/helpers/tcp-proxy.ts'
import { until } from '#test/helpers/until.ts'
import { buildTestEdge, startEdge } from '#test/helpers/workerd.ts'

const MIB = 1024 * 1024
const PATIENCE = { timeoutMs: 60_000 }

let backend: Awaited<ReturnType<typeof createBackend>>
let accounts: Awaited<ReturnType<typeof createAccounts>>
let edgeFolder: string
let edge: Awaited<ReturnType<typeof startEdge>>

beforeAll(async () => {
  backend = await createBackend()
  edgeFolder = await buildTestEdge()
  edge = await startEdge(edgeFolder, backend.edgeVariables)
  accounts = await createAccounts(edge.url)
})

async function setup({ onTestFinished }: TestContext) {
  const user = await accounts.newUser()
  const root = await mkdtemp(join(tmpdir(), 'tintype-watched-'))
  const folder = join(root, 'photos')
  await mkdir(folder)
  const children: ChildProcess[] = []
  onTestFinished(async () => {
    for (const child of children) await end(child, 'SIGKILL')
    await rm(root, { recursive: true })
  })
  const said: string[] = []
  const start = ({ url = edge.url, email = user.email } = {}) => {
    const child = spawn(process.execPath, ['stack/watch-as.ts', folder, email], {
      env: {
        PATH: process.env.PATH,
        APP_DATABASE_URL: backend.database.appUrl,
        TINTYPE_URL: url,
        WATCH_STATE: join(root, 'state'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
    }
    children.push(child)
    return child
  }
  const write = async (name: string, bytes: number | Buffer = 3000) => {
    const path = join(folder, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, typeof bytes === 'number' ? randomBytes(bytes) : bytes)
    return path
  }
  /** A line for each file that needs nothing more, whatever kills the watch from then on. */
  const untilKept = (count: number) =>
    until(async () => {
      const [name = ''] = (await readdir(join(root, 'state'))).filter((file) => file !== 'alive')
      const [, ...kept] = (await readFile(join(root, 'state', name), 'utf8')).trim().split('\n')
      return kept.length === count
    }, PATIENCE)
  const rows = () => backend.db.select().from(assets).where(eq(assets.ownerId, user.id))
  const untilThere = (count: number) => until(async () => (await rows()).length === count, PATIENCE)
  return { user, folder, said, start, write, rows, untilThere, untilKept }
}

async function end(child: ChildProcess, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

const keysOf = (user: { id: string }) =>
  backend.db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.userId, user.id as never))

// Side by side, since each mostly waits for files to be quiet.
test.concurrent('a folder becomes a library and stays as it is; a killed watch goes on where it was', async (context) => {
  const { expect } = context
  const { user, folder, said, start, write, rows, untilThere, untilKept } = await setup(context)
  await write('one.jpg')
  await write('2020/two.heic')
  await write('2020/two.heic.xmp', Buffer.from('<x:xmpmeta/>'))
  await write('notes.txt')
  const listed = (await readdir(folder, { recursive: true })).sort()
  const modifiedAt = (await stat(join(folder, 'one.jpg'))).mtimeMs
  const first = start()
  await untilThere(2)
  await until(() => said.join('').includes('notes.txt: not a photo or video'), PATIENCE)
  await untilKept(3)

  await end(first, 'SIGKILL')
  await write('2021/three.mp4', 20 * MIB)
  await rename(join(folder, 'one.jpg'), join(folder, 'uno.jpg'))
  const second = start()
  await untilThere(3)
  await until(() => said.join('').includes('already there'), PATIENCE)
  await end(second, 'SIGTERM')

  const found = await rows()
  expect(found.map(({ originalFileName }) => originalFileName).sort()).toEqual([
    'one.jpg',
    'three.mp4',
    'two.heic',
  ])
  expect(found.find((row) => row.originalFileName === 'two.heic')?.sidecarKey).not.toBeNull()
  expect(said.join('').match(/notes\.txt: not a photo or video/g)).toHaveLength(1)
  expect((await stat(join(folder, 'uno.jpg'))).mtimeMs).toBe(modifiedAt)
  expect(listed).toEqual(['2020', '2020/two.heic', '2020/two.heic.xmp', 'notes.txt', 'one.jpg'])
  expect(await keysOf(user)).toEqual([])
})

test.concurrent('a server that is away for a while is waited for', async (context) => {
  const { start, write, untilThere } = await setup(context)
  const doomed = await startEdge(edgeFolder, backend.edgeVariables)
  const line = await startTcpProxy(doomed.port)
  await write('one.jpg')
  start({ url: line.url })
  await untilThere(1)

  doomed.die()
  line.dropAll()
  await write('two.jpg')
  const heir = await startEdge(edgeFolder, backend.edgeVariables)
  line.leadTo(heir.port)

  await untilThere(2)
})

test.concurrent('a person who has not signed up yet is waited for', async (context) => {
  const { expect } = context
  const { folder, said, start } = await setup(context)
  await writeFile(join(folder, 'one.jpg'), randomBytes(900))

  const child = start({ email: 'nobody@example.com' })

  await until(() => said.join('').includes('as soon as there is a user nobody@'), PATIENCE)
  await end(child, 'SIGTERM')
  expect(child.exitCode).toBe(0)
})
