import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as sdk from '@immich/sdk'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { assets } from '#db/schema/tables.ts'
import { createAccounts, createBackend } from '#test/helpers/backend.ts'
import { makePhoto } from '#test/helpers/gallery.ts'
import { createImmichCli, makeApiKey } from '#test/helpers/immich-cli.ts'
import { until } from '#test/helpers/until.ts'
import { buildTestEdge, startEdge } from '#test/helpers/workerd.ts'

const MIB = 1024 * 1024
const PATIENCE = { timeoutMs: 60_000 }
const SIDECAR = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>
    <rdf:li xml:lang="x-default">from the sidecar</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>`

let backend: Awaited<ReturnType<typeof createBackend>>
let accounts: Awaited<ReturnType<typeof createAccounts>>
let edge: Awaited<ReturnType<typeof startEdge>>

beforeAll(async () => {
  backend = await createBackend()
  edge = await startEdge(await buildTestEdge(), backend.edgeVariables, 2)
  accounts = await createAccounts(edge.url)
})

/** A person with a key, the tool that is logged in with it, and a folder of three files with a sidecar. */
async function setup({ permissions = ['all'] } = {}) {
  const user = await accounts.newUser()
  const root = await mkdtemp(join(tmpdir(), 'tintype-cli-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const [config, folder] = [join(root, 'config'), join(root, 'Sommer ü 2024')]
  await mkdir(folder)
  await makePhoto(join(folder, 'one.jpg'), { colour: `#${randomBytes(3).toString('hex')}` })
  await writeFile(join(folder, 'one.jpg.xmp'), SIDECAR)
  await writeFile(join(folder, 'zwei ü.mp4'), randomBytes(20 * MIB))
  await writeFile(join(folder, 'three.heic'), randomBytes(4000))
  await writeFile(join(folder, 'notes.txt'), 'no photo')
  const key = await makeApiKey(edge.url, user, permissions)
  const immich = createImmichCli(config)
  const login = () => immich('login', `${edge.url}/api`, key)
  return { user, config, folder, key, immich, login }
}

const rowsOf = (user: { id: string }) =>
  backend.db
    .select()
    .from(assets)
    .where(eq(assets.ownerId, user.id as never))

describe('login', () => {
  test('keeps the key for this account alone', async () => {
    const { config, user, login } = await setup()

    const { code, output } = await login()

    expect(output).toContain(user.email)
    expect(code).toBe(0)
    const file = join(config, 'auth.yml')
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect(await readFile(file, 'utf8')).toContain(edge.url)
  })

  test('finds the API from the bare address', async () => {
    const { immich, key } = await setup()

    expect(await immich('login', edge.url, key)).toMatchObject({ code: 0 })
  })

  test('refuses a made-up key, and one that may too little', async () => {
    const { immich } = await setup()
    const { login } = await setup({ permissions: ['asset.upload'] })

    const madeUp = await immich('login', `${edge.url}/api`, 'made-up')
    const weak = await login()

    expect(madeUp.code).not.toBe(0)
    expect(weak.code).not.toBe(0)
    expect(weak.output).toContain('user.read')
  })
})

test('server-info tells versions, file types and how much is there', async () => {
  const { immich, login, folder } = await setup()
  await login()
  await immich('upload', '--recursive', folder)

  const { code, output } = await immich('server-info')

  expect(code).toBe(0)
  expect(output).toMatch(/3\.\d+\.\d+/)
  expect(output).toContain(',heic,')
  expect(output).toMatch(/Images: 2/)
  expect(output).toMatch(/Videos: 1/)
})

describe('upload', () => {
  test('of a folder makes an album of its name; the second run sends nothing', async () => {
    const { user, immich, login, folder, key } = await setup()
    await login()

    const first = await immich('upload', '--recursive', '--album', folder)
    const second = await immich('upload', '--recursive', '--album', folder)

    expect([first.code, second.code]).toEqual([0, 0])
    expect(first.output).toContain('Successfully uploaded 3')
    expect(second.output).toContain('Found 0 new files and 3 duplicates')
    sdk.init({ baseUrl: `${edge.url}/api`, apiKey: key })
    expect(await sdk.getAllAlbums({})).toMatchObject([
      { albumName: 'Sommer ü 2024', assetCount: 3 },
    ])
    const rows = await rowsOf(user)
    expect(rows.map(({ originalFileName }) => originalFileName).sort()).toEqual([
      'one.jpg',
      'three.heic',
      'zwei ü.mp4',
    ])
  })

  test('into one named album, with a key that may just that', async () => {
    const permissions = [
      ...['asset.upload', 'user.read', 'server.about', 'asset.statistics'],
      ...['album.read', 'album.create', 'albumAsset.create'],
    ]
    const { user, immich, login, folder } = await setup({ permissions })
    await login()

    const { code, output } = await immich('upload', '-r', '--album-name', 'The "sea"', folder)

    expect(output).toContain('Successfully uploaded 3')
    expect(code).toBe(0)
    sdk.init({ baseUrl: `${edge.url}/api`, apiKey: '' })
    const inSession = { headers: { Authorization: `Bearer ${user.token}` } }
    const [album] = await sdk.getAllAlbums({ name: 'The "sea"' }, inSession)
    expect(album).toMatchObject({ assetCount: 3, albumUsers: [{ role: 'owner' }] })
    const months = await sdk.getTimeBuckets({ albumId: album?.id ?? '' }, inSession)
    expect(months.reduce((sum, { count }) => sum + count, 0)).toBe(3)
  })

  test('brings the sidecar along', async () => {
    const { user, immich, login, folder, key } = await setup()
    await login()
    await immich('upload', '-r', folder)
    sdk.init({ baseUrl: `${edge.url}/api`, apiKey: key })
    const [row] = (await rowsOf(user)).filter((one) => one.originalFileName === 'one.jpg')

    await until(async () => {
      const { exifInfo } = await sdk.getAssetInfo({ id: row?.id ?? '' })
      return exifInfo?.description === 'from the sidecar'
    }, PATIENCE)

    expect(row?.sidecarKey).not.toBeNull()
  })

  test('of what lies in the trash is a duplicate, and says so', async () => {
    const { user, immich, login, folder, key } = await setup()
    await login()
    await immich('upload', '-r', folder)
    sdk.init({ baseUrl: `${edge.url}/api`, apiKey: key })
    const ids = (await rowsOf(user)).map(({ id }) => String(id))
    await sdk.deleteAssets({ assetBulkDeleteDto: { ids } })

    const { code, output } = await immich('upload', '-r', folder)

    expect(code).toBe(0)
    expect(output).toContain('Found 0 new files and 3 duplicates')
    expect(await rowsOf(user)).toHaveLength(3)
  })

  test('of files that the server does not take leaves them alone', async () => {
    const { user, immich, login, folder } = await setup()
    await login()

    await immich('upload', join(folder, 'notes.txt'))

    expect(await rowsOf(user)).toEqual([])
  })
})
