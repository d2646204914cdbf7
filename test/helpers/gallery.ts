import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import sharp from 'sharp'
import { expect, inject, onTestFinished } from 'vitest'
import { atEndOfFile } from './at-end-of-file.ts'
import { edgeRuntime } from './workerd.ts'

const CLOSE_LIMIT_MS = 8_000
const PATIENCE_MS = 60_000
/** Asking at each frame would have a frame drawn for each question. */
const POLL_MS = 100
const UNHELD = { ref: false }
const CHROMIUM = process.env.CHROMIUM_PATH ?? process.env.CHROMIUM ?? '/usr/bin/chromium'

/** An emulated one costs more than none. The map still draws with it. */
const WITHOUT_GPU = ['--disable-gpu-compositing', '--disable-gpu-rasterization']

export async function launchChromium(...args: string[]): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', ...WITHOUT_GPU, ...args],
  })
  atEndOfFile(() => browser.close())
  return browser
}

/** Now and then Chromium does not close one whose page is just navigating; then it goes with the browser. */
export function closeWithTest(context: BrowserContext): void {
  onTestFinished(() => Promise.race([context.close(), delay(CLOSE_LIMIT_MS, undefined, UNHELD)]))
}

/**
 * A page of a browser profile of its own. Whatever breaks the content security policy, throws, or asks another
 * host for something is gathered in `faults`. Under `wrangler dev` the store is no other host. Nothing moves unless
 * the options are `MOVING`: each frame is drawn by the processor here.
 */
export async function openGallery(
  browser: Browser,
  { url, ...options }: { url: string } & BrowserContextOptions,
) {
  const context = await browser.newContext({
    ...{ baseURL: url, locale: 'en-GB', reducedMotion: 'reduce' },
    ...options,
  })
  closeWithTest(context)
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const faults: string[] = []
  const origins = new Set([new URL(url).origin])
  if (edgeRuntime === 'wrangler') origins.add(new URL(inject('stores').s3.endpoint).origin)
  page.on('pageerror', (error) => faults.push(`${error.stack}`))
  page.on('console', (message) => {
    if (/security policy/i.test(message.text())) faults.push(message.text())
  })
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol.startsWith('http') && !origins.has(origin)) faults.push(request.url())
  })
  return { page, context, faults }
}

type PhotoFacts = { takenAt?: string; width?: number; height?: number; colour?: string }

/** A photo with the marks of a camera. `takenAt` as a camera writes it: `2023:06:05 14:05:00`. */
export async function makePhoto(
  path: string,
  { takenAt, width = 900, height = 600, colour = '#cc7733' }: PhotoFacts = {},
): Promise<string> {
  const stripe = { width: Math.floor(width / 3), height, channels: 3 as const }
  const overlay = await sharp({ create: { ...stripe, background: '#223344' } })
    .png()
    .toBuffer()
  const picture = sharp({ create: { width, height, channels: 3, background: colour } })
    .composite([{ input: overlay, left: 0, top: 0 }])
    .jpeg()
  const marked = takenAt
    ? picture.withExif({
        IFD0: { Make: 'Canon', Model: 'Canon EOS 5D' },
        IFD2: { DateTimeOriginal: takenAt, FNumber: '28/10', ISOSpeedRatings: '200' },
        IFD3: {
          GPSLatitudeRef: 'N',
          GPSLatitude: '52/1 30/1 0/1',
          GPSLongitudeRef: 'E',
          GPSLongitude: '13/1 24/1 0/1',
        },
      })
    : picture
  await writeFile(path, await marked.toBuffer())
  return path
}

export async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-gallery-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Files from outside, let go over the page, as a file manager would. */
export async function dropFiles(page: Page, files: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files, dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data })
    // Chromium drops nothing on a page whose consent to the last move it has not heard yet.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)))
  }
  await session.detach()
}

/** By the API: the form has a test of its own, and a page costs more than all else here. */
export async function logIn(page: Page, { email, password }: { email: string; password: string }) {
  const answer = await page.request.post('/api/auth/login', { data: { email, password } })
  expect(answer.status()).toBe(201)
  await page.goto('/')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

export const tilesOf = (page: Page) => page.locator('a[data-asset]')

/** Tiles whose picture is there, not only its colours. */
export async function expectPictures(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll<HTMLImageElement>('a[data-asset] img')].filter(
        (image) => image.complete && image.naturalWidth > 0,
      ).length === wanted,
    count,
    { timeout: 60_000, polling: POLL_MS },
  )
  expect(await tilesOf(page).count()).toBeGreaterThanOrEqual(count)
}
