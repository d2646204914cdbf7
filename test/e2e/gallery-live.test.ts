import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { createAccounts } from '#test/helpers/backend.ts'
import {
  createFolder,
  dropFiles,
  expectPictures,
  launchChromium,
  logIn,
  makePhoto,
  openGallery,
  tilesOf,
} from '#test/helpers/gallery.ts'
import { until } from '#test/helpers/until.ts'
import { startWholeStack, type WholeStack } from '#test/helpers/whole-stack.ts'

const QUIET_MS = 2_000

let stack: WholeStack
let folder: string
let newUser: Awaited<ReturnType<typeof createAccounts>>['newUser']

beforeAll(async () => {
  ;[stack, folder] = await Promise.all([startWholeStack(), createFolder()])
  ;({ newUser } = await createAccounts(stack.url))
})

type Viewer = { token: string }
type Sent = { path: string; method: string; body?: BodyInit; type?: string }

async function send({ token }: Viewer, { path, method, body, type }: Sent) {
  const response = await fetch(`${stack.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(type && { 'content-type': type }) },
    ...(body && { body }),
  })
  expect(response.ok).toBe(true)
  return response.status === 204 ? undefined : await response.json()
}

/** Another device's upload. */
async function upload(viewer: Viewer, bytes: Uint8Array, name: string) {
  const body = new FormData()
  body.append('assetData', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), name)
  body.append('fileCreatedAt', '2023-06-05T10:00:00.000Z')
  body.append('fileModifiedAt', '2023-06-05T10:00:00.000Z')
  const { id } = (await send(viewer, { path: '/api/assets', method: 'POST', body })) as {
    id: string
  }
  return id
}

test('an open page shows what other devices do, at once and without asking', async () => {
  const user = await newUser()
  const browser = await launchChromium()
  const { page, faults } = await openGallery(browser, {
    ...{ url: stack.url, viewport: { width: 1440, height: 900 } },
  })
  const isConnected = new Promise<void>((resolve) => {
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        if (`${payload}`.includes('on_server_version')) resolve()
      }),
    )
  })
  const asked: string[] = []
  let askedAtMs = 0
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (!pathname.startsWith('/api/timeline')) return
    asked.push(pathname)
    askedAtMs = performance.now()
  })
  // What is new is gathered for a quarter of a second, and for twice that while more comes.
  const isQuiet = () => until(() => performance.now() - askedAtMs > QUIET_MS, { timeoutMs: 60_000 })
  await logIn(page, user)
  await page.getByRole('heading', { name: 'Your photos live here' }).waitFor()
  await isConnected

  const change = (path: string, method: string, body: object) =>
    send(user, { path, method, body: JSON.stringify(body), type: 'application/json' })

  const photo = await readFile(await makePhoto(join(folder, 'here.jpg')))
  const id = await upload(user, photo, 'here.jpg')
  await expectPictures(page, 1)
  // What is left of it ends before its picture begins.
  await upload(user, photo.subarray(0, 100), 'broken.jpg')
  await page.getByRole('link', { name: /cannot be shown: \S+/ }).waitFor()

  await isQuiet()
  const before = asked.length
  const tile = page.locator(`a[data-asset="${id}"]`)
  await change('/api/assets', 'PUT', { ids: [id], isFavorite: true })
  await page.getByRole('link', { name: /favourite/ }).waitFor()
  await change('/api/assets', 'DELETE', { ids: [id], force: false })
  await tile.waitFor({ state: 'detached' })
  expect(await tilesOf(page).count()).toBe(1)
  expect(asked.slice(before)).toEqual([])

  await change('/api/trash/restore/assets', 'POST', { ids: [id] })
  await tile.waitFor()
  expect(faults).toEqual([])
})

test('what comes before the page hears of anything is there when it does', async () => {
  const user = await newUser()
  const browser = await launchChromium()
  const { page } = await openGallery(browser, { url: stack.url })
  let connect = () => {}
  const mayConnect = new Promise<void>((resolve) => {
    connect = resolve
  })
  await page.routeWebSocket(/socket\.io/, async (socket) => {
    await mayConnect
    socket.connectToServer()
  })
  await logIn(page, user)
  await page.getByRole('heading', { name: 'Your photos live here' }).waitFor()

  const photo = await readFile(await makePhoto(join(folder, 'early.jpg'), { colour: '#775533' }))
  const id = await upload(user, photo, 'early.jpg')
  await until(
    async () => (await send(user, { path: `/api/assets/${id}`, method: 'GET' })).thumbhash,
  )
  connect()

  await expectPictures(page, 1)
})

test('what was sent stays in sight while the server cannot tell of it', async () => {
  const browser = await launchChromium()
  const { page } = await openGallery(browser, { url: stack.url })
  let isBroken = false
  let refused = 0
  await page.route('**/api/timeline/**', (route) => {
    if (!isBroken) return route.continue()
    refused += 1
    return route.abort()
  })
  await logIn(page, await newUser())
  await page.getByRole('heading', { name: 'Your photos live here' }).waitFor()

  isBroken = true
  await dropFiles(page, [await makePhoto(join(folder, 'kept.jpg'), { colour: '#553377' })])
  await page.getByRole('heading', { name: '1 file uploaded' }).waitFor()
  await until(() => refused >= 3)
  expect(await tilesOf(page).count()).toBe(1)
  isBroken = false

  await expectPictures(page, 1)
})

test('a picture that did not come for a while comes when it can', async () => {
  const browser = await launchChromium()
  const { page } = await openGallery(browser, { url: stack.url })
  let refused = 0
  await page.route(/thumbnail/, (route) => {
    if (route.request().resourceType() !== 'image' || refused >= 3) return route.continue()
    refused += 1
    return route.abort()
  })
  await logIn(page, await newUser())

  await dropFiles(page, [await makePhoto(join(folder, 'slow.jpg'), { colour: '#335577' })])

  await expectPictures(page, 1)
  expect(refused).toBe(3)
})

test('a part of the page that did not load once is loaded when it is needed again', async () => {
  const browser = await launchChromium()
  const { page } = await openGallery(browser, { url: stack.url })
  let isBroken = true
  await page.route('**/create-upload-queue-*.js', (route) =>
    isBroken ? route.abort() : route.continue(),
  )
  await logIn(page, await newUser())
  const photo = await makePhoto(join(folder, 'later.jpg'), { colour: '#557799' })

  await dropFiles(page, [photo])
  await page.getByText(/The upload cannot begin/).waitFor()
  isBroken = false
  await dropFiles(page, [photo])

  await page.getByRole('heading', { name: '1 file uploaded' }).waitFor({ timeout: 60_000 })
})
