import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { assets } from '#db/schema/tables.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createAccounts, createBackend } from '#test/helpers/backend.ts'
import { copyBuilt } from '#test/helpers/built.ts'
import { closeWithTest, dropFiles, launchChromium } from '#test/helpers/gallery.ts'
import { nginxPath, startNginx } from '#test/helpers/nginx.ts'
import { buildTestEdge, startWorkerd } from '#test/helpers/workerd.ts'

const MIB = 1024 * 1024
/** A name that only the test's browser knows, as people call a machine in their house. */
const NAME = 'nas.local'
const FIRST_PICTURE_MS = 60_000

let edgeFolder: string
let folder: string
let browser: Browser

beforeAll(async () => {
  if (!nginxPath) console.log('skipped: nginx is not installed (apt install nginx)')
  folder = await mkdtemp(join(tmpdir(), 'tintype-proxy-'))
  atEndOfFile(() => rm(folder, { recursive: true }))
  edgeFolder = await buildTestEdge()
  await copyBuilt('web', edgeFolder)
  browser = await launchChromium(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`)
})

async function startEdge(variables: Record<string, string> = {}) {
  const backend = await createBackend()
  const edge = await startWorkerd(edgeFolder, { ...backend.edgeVariables, ...variables })
  return { ...edge, db: backend.db }
}

async function makePhoto(name: string) {
  const path = join(folder, name)
  const width = 1200
  const height = 800
  const pixels = { raw: { width, height, channels: 3 } } as const
  await sharp(randomBytes(width * height * 3), pixels)
    .jpeg()
    .toFile(path)
  return path
}

async function makeFilm(name: string, sizeBytes: number) {
  const path = join(folder, name)
  await writeFile(path, randomBytes(sizeBytes))
  return path
}

/** Watches for what a proxy breaks first: blocked or mixed content, refused requests, script faults. */
async function openPage() {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  closeWithTest(context)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (/mixed content|security policy|cors/i.test(message.text())) faults.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 500) faults.push(`${response.status()} ${response.url()}`)
  })
  return { page, faults }
}

async function signUp(page: Page, url: string) {
  await page.goto(url)
  const tag = randomBytes(4).toString('hex')
  await page.getByLabel('Name').fill('Ada')
  await page.getByLabel('Email').fill(`${tag}@example.com`)
  await page.getByRole('textbox', { name: 'Password' }).fill(`password-${tag}`)
  await page.getByRole('button', { name: 'Create the library' }).click()
  await page.getByRole('navigation').first().waitFor()
}

/** A picture that came from the server, not from the file that was dropped. */
const untilThumbnail = (page: Page) =>
  page.waitForFunction(
    () =>
      [...document.images].some(
        ({ naturalWidth, currentSrc }) => naturalWidth >= 200 && currentSrc.startsWith('http'),
      ),
    null,
    { timeout: FIRST_PICTURE_MS, polling: 100 },
  )

/** The whole way in a browser: sign up, drop a photo, see its thumbnail, drop a film in parts, sign in again. */
async function useForTheFirstTime(url: string, db: Awaited<ReturnType<typeof startEdge>>['db']) {
  const { page, faults } = await openPage()
  await signUp(page, url)
  await dropFiles(page, [await makePhoto('first.jpg'), await makeFilm('film.mp4', 24 * MIB)])

  await untilThumbnail(page)
  await expect
    .poll(async () => (await db.select().from(assets)).length, { timeout: FIRST_PICTURE_MS })
    .toBe(2)
  await page.reload()
  await untilThumbnail(page)
  expect(faults).toEqual([])
  return page
}

describe.skipIf(!nginxPath)('behind an nginx that ends TLS', () => {
  test('a first use succeeds, and cookies are for TLS only', async () => {
    const edge = await startEdge({ TRUSTED_PROXIES: '127.0.0.1' })
    const nginx = await startNginx({ targetPort: edge.port, name: NAME })

    const page = await useForTheFirstTime(nginx.url, edge.db)

    const cookies = await page.context().cookies()
    expect(cookies.find(({ name }) => name === 'immich_access_token')).toMatchObject({
      secure: true,
      httpOnly: true,
    })
  })

  test('a first use succeeds also when the server does not know the proxy', async () => {
    const edge = await startEdge()
    const nginx = await startNginx({ targetPort: edge.port, name: NAME })

    await useForTheFirstTime(nginx.url, edge.db)
  })

  test('the importer uploads a folder', async () => {
    const edge = await startEdge({ TRUSTED_PROXIES: '127.0.0.1' })
    const nginx = await startNginx({ targetPort: edge.port, name: NAME })
    const { admin } = await createAccounts(edge.url)
    const photos = await mkdtemp(join(folder, 'import-'))
    await writeFile(join(photos, 'a.jpg'), randomBytes(10_000))
    await writeFile(join(photos, 'b.mov'), randomBytes(20 * MIB))

    const { code, output } = await runImporter(photos, {
      TINTYPE_URL: `https://127.0.0.1:${nginx.port}`,
      TINTYPE_TOKEN: await makeApiKey(edge.url, admin.token),
      NODE_EXTRA_CA_CERTS: nginx.certificate,
    })

    expect(output).toContain('2 new, 0 already there, 0 failed')
    expect(code).toBe(0)
    const kept = await edge.db.select().from(assets).where(eq(assets.ownerId, admin.id))
    expect(kept).toHaveLength(2)
  })
})

describe('on plain http under a name that is not localhost', () => {
  test('a first use succeeds', async () => {
    const edge = await startEdge()

    const page = await useForTheFirstTime(`http://${NAME}:${edge.port}`, edge.db)

    expect(await page.evaluate(() => isSecureContext)).toBe(false)
  })
})

async function makeApiKey(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/api/api-keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ name: 'import', permissions: ['asset.upload'] }),
  })
  const { secret } = (await response.json()) as { secret: string }
  return secret
}

async function runImporter(photos: string, variables: Record<string, string>) {
  const child = spawn(process.execPath, ['client/cli.ts', photos], {
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // Not 'exit': its last words may still be on their way then.
  const [code] = await once(child, 'close')
  return { code, output }
}
