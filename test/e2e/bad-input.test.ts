import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AssetStatesResponseDto } from '#contracts/api/assets.ts'
import type { UploadDto } from '#contracts/api/uploads.ts'
import type { AssetId } from '#contracts/ids.ts'
import { assets, uploads } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { type BackendUser, createAccounts, createBackend } from '#test/helpers/backend.ts'
import { assetForm } from '#test/helpers/forms.ts'
import { HOSTILE_SVG, makeBomb, withFlippedBits } from '#test/helpers/hostile-files.ts'
import { announcement, sendPuts } from '#test/helpers/presigned.ts'
import { until } from '#test/helpers/until.ts'
import { buildTestEdge, startEdge } from '#test/helpers/workerd.ts'

const MIB = 1024 * 1024
const PATIENCE = { timeoutMs: 120_000 }
const SAMPLES = new URL('../../../shared/media/', import.meta.url).pathname
const hasSamples = existsSync(join(SAMPLES, 'expected.json'))
if (!hasSamples) console.warn(`skipped: no sample files at ${SAMPLES}`)

let backend: Awaited<ReturnType<typeof createBackend>>
let accounts: Awaited<ReturnType<typeof createAccounts>>
let edge: Awaited<ReturnType<typeof startEdge>>
let bystander: BackendUser
let untouched: AssetId

beforeAll(async () => {
  backend = await createBackend()
  edge = await startEdge(await buildTestEdge(), backend.edgeVariables)
  accounts = await createAccounts(edge.url)
  bystander = await accounts.newUser()
  untouched = await idOf(await byForm(bystander, { bytes: await makeJpeg(), fileName: 'good.jpg' }))
  await settledStateOf(bystander, untouched)
})

afterAll(async () => {
  expect(edge.children.map(({ exitCode, signalCode }) => [exitCode, signalCode])).toEqual([
    [null, null],
  ])
  expect(await stateOf(bystander, untouched)).toMatchObject({ state: 'ready' })
  const late = await byPresigned(bystander, { bytes: await makeJpeg(), fileName: 'late.jpg' })
  expect(await settledStateOf(bystander, await idOf(late))).toMatchObject({ state: 'ready' })
})

const makeJpeg = () =>
  sharp(randomBytes(120 * 90 * 3), { raw: { width: 120, height: 90, channels: 3 } })
    .jpeg()
    .toBuffer()

const call = (user: BackendUser, path: string, init: RequestInit = {}) =>
  fetch(edge.url + path, {
    ...init,
    headers: { authorization: `Bearer ${user.token}`, ...(init.headers as object) },
  })
const post = (user: BackendUser, path: string, body: unknown) =>
  call(user, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

type File = { bytes: Buffer; fileName: string }
type Sent = { status: number; assetId?: AssetId; message?: string }

async function byForm(user: BackendUser, file: File, headers = {}): Promise<Sent> {
  const response = await call(user, '/api/assets', {
    method: 'POST',
    body: assetForm(file),
    headers,
  })
  const { id, message } = (await response.json()) as { id?: AssetId; message?: string }
  return { status: response.status, ...(id && { assetId: id }), ...(message && { message }) }
}

async function announce(user: BackendUser, announced: Record<string, unknown>): Promise<UploadDto> {
  const response = await post(user, '/api/uploads', announced)
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return ((await response.json()) as { upload: UploadDto }).upload
}

const findUpload = async (user: BackendUser, id: string) =>
  (await (await call(user, `/api/uploads/${id}`)).json()) as UploadDto

async function byPresigned(user: BackendUser, file: File): Promise<Sent> {
  const response = await post(user, '/api/uploads', announcement(file))
  const body = (await response.json()) as { upload?: UploadDto; message?: string }
  const { upload } = body
  if (!upload) return { status: response.status, ...(body.message && { message: body.message }) }
  await sendPuts(upload.puts, file.bytes)
  const completed = await post(user, `/api/uploads/${upload.id}/complete`, {})
  if (!completed.ok) return { status: completed.status }
  await until(async () => (await findUpload(user, upload.id)).state !== 'verifying', PATIENCE)
  const { state, assetId } = await findUpload(user, upload.id)
  return { status: state === 'complete' ? 201 : 400, assetId }
}

async function idOf({ assetId, ...rest }: Sent): Promise<AssetId> {
  if (!assetId) throw new Error(`no asset: ${JSON.stringify(rest)}`)
  return assetId
}

async function stateOf(user: BackendUser, id: AssetId) {
  const response = await post(user, '/api/assets/states', { ids: [id] })
  return ((await response.json()) as AssetStatesResponseDto).states[0]
}

async function settledStateOf(user: BackendUser, id: AssetId) {
  await until(async () => (await stateOf(user, id))?.state !== 'processing', PATIENCE)
  return await stateOf(user, id)
}

/** Nothing of a user is open, and in the store lies what rows name, no more. */
async function expectTidy(user: BackendUser) {
  const storage = createNodeStorage(backend.bucket)
  try {
    const open = await backend.db.select().from(uploads).where(eq(uploads.ownerId, user.id))
    expect(open.filter(({ state }) => state === 'pending' || state === 'verifying')).toEqual([])
    const rows = await backend.db.select().from(assets).where(eq(assets.ownerId, user.id))
    const named = rows.map(({ originalKey }) => originalKey)
    await until(async () => {
      const { objects } = await storage.list(`upload/${user.id}/`)
      return (
        objects
          .map(({ key }) => key)
          .sort()
          .join() === named.sort().join()
      )
    }, PATIENCE)
  } finally {
    storage.close()
  }
}

const ways = [
  { way: 'by form', send: byForm },
  { way: 'by signed requests', send: byPresigned },
]

const good = await makeJpeg()
const png = await sharp(good).png().toBuffer()

describe.each(ways)('$way', ({ send }) => {
  test.each([
    ['no bytes', Buffer.alloc(0), 'a.jpg'],
    ['a kind of file that is not taken', randomBytes(500), 'a.exe'],
    ['a name without an ending', good, 'photo'],
    ['a name that is only a path', good, '../../'],
  ])('%s is refused', async (_, bytes, fileName) => {
    const user = await accounts.newUser()

    const { status, message } = await send(user, { bytes, fileName })

    expect(status).toBe(400)
    expect(message).toMatch(/\w{3}/)
    await expectTidy(user)
  })

  test.each([
    ['the first 200 bytes of a photo', good.subarray(0, 200), 'a.jpg'],
    ['noise', randomBytes(5000), 'a.jpg'],
    ['text', Buffer.from('this is not an image'), 'a.jpg'],
    ['a picture of 900 million pixels', makeBomb(30_000), 'bomb.png'],
    ['a film without its index', randomBytes(200_000), 'film.mp4'],
  ])('%s ends as an asset that failed, with a reason', async (_, bytes, fileName) => {
    const user = await accounts.newUser()

    const id = await idOf(await send(user, { bytes, fileName }))
    const settled = await settledStateOf(user, id)

    expect(settled).toMatchObject({ state: 'failed', reason: expect.stringMatching(/\w{3}/) })
    const original = await call(user, `/api/assets/${id}/original`)
    expect(Buffer.from(await original.arrayBuffer()).equals(bytes)).toBe(true)
    await expectTidy(user)
  })

  test.each([
    ['cut short', good.subarray(0, Math.floor(good.length * 0.4)), 'a.jpg'],
    ['with bits turned over', withFlippedBits(good, { from: 700, count: 40 }), 'a.jpg'],
    ['an SVG with a script and a file', HOSTILE_SVG, 'a.svg'],
  ])('a picture %s is shown, or says why not', async (_, bytes, fileName) => {
    const user = await accounts.newUser()

    const settled = await settledStateOf(user, await idOf(await send(user, { bytes, fileName })))

    const isShown = settled?.state === 'ready'
    expect(isShown ? settled?.thumbhash : settled?.reason).toMatch(/\w{3}/)
    await expectTidy(user)
  })

  test.each([
    ['a PNG named as a JPEG', png, 'a.jpg', 'image/png'],
    ['a JPEG named as a HEIC', good, 'a.heic', 'image/jpeg'],
  ])('%s is what its bytes say', async (_, bytes, fileName, originalMimeType) => {
    const user = await accounts.newUser()

    const id = await idOf(await send(user, { bytes, fileName }))

    expect(await settledStateOf(user, id)).toMatchObject({ state: 'ready' })
    const asset = await call(user, `/api/assets/${id}`)
    expect(await asset.json()).toMatchObject({ originalMimeType, originalFileName: fileName })
  })

  test.each([
    [`${'n'.repeat(300)}.jpg`, `${'n'.repeat(300)}.jpg`],
    ['שלום עולם.jpg', 'שלום עולם.jpg'],
    ['\u202egpj.exe.jpg', '\u202egpj.exe.jpg'],
    ['../../../etc/passwd.jpg', 'passwd.jpg'],
    ['..\\..\\windows\\system.jpg', 'system.jpg'],
    ['<img src=x onerror=alert(1)>.jpg', '<img src=x onerror=alert(1)>.jpg'],
    ['%2e%2e%2fa.jpg', '%2e%2e%2fa.jpg'],
  ])('the name %j stays a name', async (fileName, expected) => {
    const user = await accounts.newUser()

    const id = await idOf(await send(user, { bytes: await makeJpeg(), fileName }))

    expect(await settledStateOf(user, id)).toMatchObject({ state: 'ready' })
    const [row] = await backend.db.select().from(assets).where(eq(assets.id, id))
    expect(row?.originalFileName).toBe(expected)
    expect(row?.originalKey).toBe(`upload/${user.id}/${id.slice(-4, -2)}/${id.slice(-2)}/${id}.jpg`)
    const original = await call(user, `/api/assets/${id}/original`)
    expect(original.status).toBe(200)
    expect(original.headers.get('content-disposition')).toMatch(/^attachment;/)
  })

  test.skipIf(!hasSamples)('no sample breaks anything', async () => {
    const user = await accounts.newUser()
    const folders = ['corrupt', 'hostile', 'names', 'wrong_ext']
    const found = await Promise.all(
      folders.map(async (folder) =>
        (await readdir(join(SAMPLES, folder))).map((name) => ({ folder, fileName: name })),
      ),
    )
    const ends: Record<string, string> = {}
    for (const { folder, fileName } of found.flat()) {
      const bytes = await readFile(join(SAMPLES, folder, fileName))
      const { status, assetId } = await send(user, { bytes, fileName })
      const settled = assetId ? await settledStateOf(user, assetId) : undefined
      ends[fileName] = settled?.state ?? `refused with ${status}`
    }

    expect(ends).toMatchObject({
      'zero_byte_dev.jpg': 'refused with 400',
      'header_only_dev.jpg': 'failed',
      'random_bytes_dev.jpg': 'failed',
      'text_named.jpg': 'failed',
      'bomb_30000x30000_grey.png': 'failed',
      'truncated_no_moov.mp4': 'failed',
      'heic_named.jpg': 'ready',
      'jpeg_named.png': 'ready',
      'png_named.jpg': 'ready',
      'Zürich – Straße 🐶 (1).JPG': 'ready',
    })
    await expectTidy(user)
  })
})

test('an SVG is never a page of ours', async () => {
  const user = await accounts.newUser()
  const id = await idOf(await byForm(user, { bytes: HOSTILE_SVG, fileName: 'a.svg' }))
  await settledStateOf(user, id)

  const original = await call(user, `/api/assets/${id}/original`)
  const preview = await call(user, `/api/assets/${id}/thumbnail?size=preview`)

  for (const response of [original, preview]) {
    const policy = response.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain('sandbox')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  }
  expect(original.headers.get('content-disposition')).toMatch(/^attachment;/)
  expect(preview.headers.get('content-type')).not.toContain('svg')
})

describe('what was announced', () => {
  const bytes = randomBytes(20 * MIB)
  const other = () => createHash('sha1').update(randomBytes(9)).digest('base64')

  test('by a header is what must come', async () => {
    const user = await accounts.newUser()
    const headers = { 'x-immich-checksum': other() }

    const sent = await byForm(user, { bytes: good, fileName: 'a.jpg' }, headers)

    expect(sent).toMatchObject({
      status: 400,
      message: expect.stringContaining('x-immich-checksum'),
    })
    await expectTidy(user)
  })

  test.each([
    ['in one piece', good, 'a.jpg'],
    ['in parts', bytes, 'a.mp4'],
  ])('with a checksum of other bytes makes no asset, %s', async (_, content, fileName) => {
    const user = await accounts.newUser()
    const lie = { ...announcement({ bytes: content, fileName }), checksum: other() }
    const upload = await announce(user, lie)

    const statuses = await sendPuts(upload.puts, content)
    const completed = await post(user, `/api/uploads/${upload.id}/complete`, {})

    if (statuses.every((status) => status === 200)) {
      expect(completed.status).toBe(200)
      await until(async () => (await findUpload(user, upload.id)).state === 'failed', PATIENCE)
      expect((await findUpload(user, upload.id)).reason).toMatch(/\w{3}/)
    } else expect(completed.status).toBe(409)
    expect((await call(user, `/api/assets/${upload.assetId}`)).status).toBe(400)
    await call(user, `/api/uploads/${upload.id}`, { method: 'DELETE' })
    await expectTidy(user)
  })

  test.each([
    ['more', 1],
    ['less', -1],
  ])('is refused by the store when a byte %s comes', async (_, difference) => {
    const user = await accounts.newUser()
    const upload = await announce(user, announcement({ bytes: good, fileName: 'a.jpg' }))
    const [put] = upload.puts
    const body = Buffer.concat([good, Buffer.alloc(1)]).subarray(0, good.length + difference)

    const { status } = await fetch(put?.url ?? '', {
      method: 'PUT',
      headers: put?.headers ?? {},
      body,
    })
    const completed = await post(user, `/api/uploads/${upload.id}/complete`, {})

    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(completed.status).toBe(409)
    await call(user, `/api/uploads/${upload.id}`, { method: 'DELETE' })
    await expectTidy(user)
  })

  test('without a part is not whole', async () => {
    const user = await accounts.newUser()
    const upload = await announce(user, announcement({ bytes, fileName: 'a.mp4' }))
    await sendPuts(upload.puts.slice(1), bytes)

    const completed = await post(user, `/api/uploads/${upload.id}/complete`, {})

    expect(completed.status).toBe(409)
    expect(await findUpload(user, upload.id)).toMatchObject({ state: 'pending' })
    await call(user, `/api/uploads/${upload.id}`, { method: 'DELETE' })
    await expectTidy(user)
  })
})

describe('a signed request', () => {
  async function signed() {
    const user = await accounts.newUser()
    const upload = await announce(user, announcement({ bytes: good, fileName: 'a.jpg' }))
    const [put] = upload.puts
    if (!put) throw new Error('nothing to put')
    const send = async (url: string, { method = 'PUT', headers = put.headers } = {}) =>
      (await fetch(url, { method, headers, ...(method === 'PUT' && { body: good }) })).status
    return { user, upload, put, send }
  }
  const isRefused = (status: number) => status >= 400 && status < 500

  test('holds for nothing else: whichever parameter is changed, left out or added', async () => {
    const { user, upload, put, send } = await signed()
    const names = [...new URL(put.url).searchParams.keys()]
    const changed = (change: (url: URL) => void) => {
      const url = new URL(put.url)
      change(url)
      return url.href
    }
    const variants: [string, string][] = [
      ...names.flatMap((name): [string, string][] => [
        [
          `other ${name}`,
          changed((url) => url.searchParams.set(name, `${url.searchParams.get(name)}1`)),
        ],
        [`no ${name}`, changed((url) => url.searchParams.delete(name))],
      ]),
      ['another key', changed((url) => (url.pathname = url.pathname.replace(/\.jpg$/, '.png')))],
      [
        'another person',
        changed((url) => (url.pathname = url.pathname.replace(user.id, bystander.id))),
      ],
      ['an access list', changed((url) => url.searchParams.set('acl', ''))],
      ['a version', changed((url) => url.searchParams.set('versionId', 'null'))],
    ]

    const passed: string[] = []
    for (const [what, url] of variants) if (!isRefused(await send(url))) passed.push(what)
    const asGet = await send(put.url, { method: 'GET', headers: {} })
    const asDelete = await send(put.url, { method: 'DELETE', headers: {} })

    expect(names.length).toBeGreaterThanOrEqual(6)
    expect(passed).toEqual([])
    expect([asGet, asDelete].every(isRefused)).toBe(true)
    expect(await findUpload(user, upload.id)).toMatchObject({ arrivedBytes: 0, state: 'pending' })
    await call(user, `/api/uploads/${upload.id}`, { method: 'DELETE' })
    await expectTidy(user)
  })

  test('of one person completes nothing for another', async () => {
    const { upload } = await signed()

    const response = await post(bystander, `/api/uploads/${upload.id}/complete`, {})

    expect(response.status).toBe(404)
  })
})
