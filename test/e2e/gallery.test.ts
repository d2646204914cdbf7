import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { assets } from '#db/schema/tables.ts'
import { faultsOf } from '#test/helpers/axe.ts'
import { createBackend } from '#test/helpers/backend.ts'
import {
  dropFiles,
  expectPictures,
  logIn,
  makePhoto,
  openGallery,
  tilesOf,
} from '#test/helpers/gallery.ts'
import { assetRow } from '#test/helpers/seed.ts'
import { until } from '#test/helpers/until.ts'
import {
  DESKTOP,
  MOVING,
  PHONE,
  type RunningGallery,
  startGallery,
} from '#test/helpers/whole-gallery.ts'
import { startEdge } from '#test/helpers/workerd.ts'

/** Chromium calls a touch long after half a second, the page a little sooner. */
const LONG_FOR_CHROMIUM_MS = 900

let gallery: RunningGallery

beforeAll(async () => {
  gallery = await startGallery()
})

async function threePhotos() {
  const tag = randomBytes(4).toString('hex')
  const colour = `#${randomBytes(3).toString('hex')}`
  return await Promise.all([
    makePhoto(join(gallery.folder, `${tag}-june.jpg`), { takenAt: '2023:06:05 14:05:00', colour }),
    makePhoto(join(gallery.folder, `${tag}-may.jpg`), { takenAt: '2023:05:20 09:00:00', colour }),
    makePhoto(join(gallery.folder, `${tag}-tall.jpg`), {
      takenAt: '2023:06:05 10:00:00',
      width: 400,
      height: 800,
      colour,
    }),
  ])
}

async function uploadThree(page: Page) {
  await dropFiles(page, await threePhotos())
  await expectPictures(page, 3)
}

const focusedId = (page: Page) =>
  page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.asset)

/** Whatever is pressed while a movement is being set up meets the old page, and during it meets nothing. */
const whenStill = (page: Page) =>
  page.waitForFunction(
    () =>
      !document.documentElement.matches(':active-view-transition') &&
      document.getAnimations().every(({ playState }) => playState !== 'running'),
  )

/**
 * Holds each month back until its empty place is scrolled onto the screen, as a slow line would; counts those for
 * which that came to pass.
 */
async function answerOnceMissed(page: Page) {
  const missed = { months: 0 }
  await page.route('**/timeline/bucket?*', async (route) => {
    const isMissed = () => {
      const places = [...document.querySelectorAll('.skeleton')]
      const rects = places.map((place) => place.getBoundingClientRect())
      return rects.some(({ top, bottom }) => bottom > 100 && top < innerHeight)
    }
    const count = () => {
      missed.months += 1
    }
    // At the end of the test the last ones wait still.
    await page.waitForFunction(isMissed).then(count, () => {})
    await route.continue().catch(() => {})
  })
  return missed
}

const viewerOf = (page: Page) => page.getByRole('dialog', { name: 'Viewer' })

describe('the first visit', () => {
  test('goes from signing up to photos that are seen, deleted, brought back and found again', async () => {
    const fresh = await createBackend()
    const { url } = await startEdge(gallery.edgeFolder, fresh.edgeVariables)
    const { page, faults } = await openGallery(gallery.browser, { url, ...DESKTOP, ...MOVING })
    await page.goto('/')
    await page.getByRole('button', { name: 'Create the library' }).click()
    await page.getByText('Enter your name.').waitFor()
    await page.keyboard.type('Ada Lovelace')
    expect(await page.getByLabel('Name').inputValue()).toBe('Ada Lovelace')
    await page.getByLabel('Email').fill('Ada@Example.org')
    await page.getByLabel('Password', { exact: true }).fill('difference engine')
    await page.getByRole('button', { name: 'Create the library' }).click()
    await page.getByRole('heading', { name: 'Your photos live here' }).waitFor()

    const [june = '', ...others] = await threePhotos()
    const broken = join(gallery.folder, 'broken.jpg')
    await writeFile(broken, (await readFile(june)).subarray(0, 300))
    await dropFiles(page, [june, ...others, broken])
    await expectPictures(page, 3)
    await page.getByRole('heading', { name: '4 files uploaded' }).waitFor()
    await page.getByRole('button', { name: 'Close', exact: true }).click()

    await page.getByRole('heading', { name: 'June 2023', level: 2 }).waitFor()
    expect(await page.getByRole('heading', { name: 'May 2023', level: 2 }).count()).toBe(1)
    await page.getByRole('link', { name: /cannot be shown: \S+/ }).waitFor()

    await page.getByRole('link', { name: /^Photo, Monday,? 5 June 2023,? .*14:05/ }).click()
    await viewerOf(page).waitFor()
    await page.getByRole('button', { name: 'Information' }).click()
    const information = page.getByRole('complementary', { name: 'Information' })
    await information.getByText('Canon EOS 5D').waitFor()
    await information.getByText('ƒ/2.8').waitFor()
    await information.getByText('52.50000° N, 13.40000° E').waitFor()
    await information.getByText('900 × 600').waitFor()
    await page.waitForFunction(() => {
      const layers = [...document.querySelectorAll<HTMLImageElement>('[data-current] img.layer')]
      return layers.some((image) => image.naturalWidth === 900)
    })

    const deepLink = page.url()
    await page.getByRole('button', { name: 'Move to trash' }).click()
    await page.getByText('1 item moved to trash').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('1 item moved to trash').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Back to the timeline' }).click()
    await viewerOf(page).waitFor({ state: 'detached' })
    await page.waitForFunction(() => document.activeElement?.matches('a[data-asset]'))

    await page.getByRole('link', { name: /14:05/ }).focus()
    await page.keyboard.press('Delete')
    await page.getByText('1 item moved to trash').waitFor()
    await page.getByRole('link', { name: 'Trash' }).click()
    await page.getByRole('link', { name: /14:05/ }).click()
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await page.getByRole('heading', { name: 'The trash is empty' }).waitFor()
    await viewerOf(page).waitFor({ state: 'detached' })

    await page.goto(deepLink)
    await viewerOf(page).getByText('Monday').first().waitFor()
    await page.keyboard.press('Escape')
    await expectPictures(page, 3)

    await page.getByRole('button', { name: 'Account: Ada Lovelace' }).click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Email').fill('ada@example.org')
    await page.getByLabel('Password', { exact: true }).fill('wrong password')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Incorrect email or password').waitFor()
    await page.getByLabel('Password', { exact: true }).fill('difference engine')
    await page.getByRole('button', { name: 'Log in' }).click()
    await expectPictures(page, 3)
    expect(faults).toEqual([])
  })
})

describe('by keyboard alone', () => {
  test('a photo is found, opened, marked, deleted and brought back', async () => {
    const { page, faults } = await gallery.openAsNewUser({ ...DESKTOP, ...MOVING })
    await uploadThree(page)
    await page.reload()
    await expectPictures(page, 3)

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    const first = await focusedId(page)
    expect(first).toBe(await tilesOf(page).first().getAttribute('data-asset'))

    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    const last = await focusedId(page)
    expect(last).toBe(await tilesOf(page).last().getAttribute('data-asset'))
    await page.keyboard.press('Home')
    expect(await focusedId(page)).toBe(first)

    await page.keyboard.press('Enter')
    await viewerOf(page).getByText('14:05').first().waitFor()
    await page.keyboard.press('f')
    await page.getByRole('button', { name: 'Remove from favourites' }).waitFor()
    await page.keyboard.press('ArrowRight')
    await viewerOf(page).getByText('10:00').first().waitFor()
    await page.keyboard.press('+')
    await page.getByRole('button', { name: 'Show the whole picture' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Zoom in' }).waitFor()
    await page.keyboard.press('Escape')
    await viewerOf(page).waitFor({ state: 'detached' })
    await page.waitForFunction(() => document.activeElement?.matches('a[data-asset]'))
    expect(await focusedId(page)).toBe(await tilesOf(page).nth(1).getAttribute('data-asset'))

    await page.keyboard.press('Space')
    await page.keyboard.press('Shift+ArrowRight')
    await page.getByRole('toolbar', { name: 'Selection' }).getByText('2').waitFor()
    await page.keyboard.press('Delete')
    await page.getByText('2 items moved to trash').waitFor()
    expect(await tilesOf(page).count()).toBe(1)
    expect(await focusedId(page)).toBe(first)
    await page.getByRole('button', { name: 'Undo' }).press('Enter')
    await page.waitForFunction(() => document.querySelectorAll('a[data-asset]').length === 3)

    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(faults).toEqual([])
  })
})

describe('whatever is pressed twice in a hurry', () => {
  test('opens one viewer, and leaves no more than that', async () => {
    const { page, user } = await gallery.openAsNewUser({ ...DESKTOP, ...MOVING })
    await gallery.backend.db
      .insert(assets)
      .values(assetRow(user.id, { failureReason: 'Only a row' }))
    await page.getByRole('link', { name: 'People' }).click()
    await page.getByRole('link', { name: 'Photos', exact: true }).click()
    await page.reload()
    const depth = () => page.evaluate(() => (history.state as { depth: number }).depth)
    const depthBefore = await depth()
    await tilesOf(page).first().waitFor()

    await page.evaluate(() => {
      const tile = document.querySelector<HTMLElement>('a[data-asset]')
      for (let time = 0; time < 2; time++) tile?.click()
    })
    await viewerOf(page).waitFor()
    await whenStill(page)
    expect(await depth()).toBe(depthBefore + 1)

    await page.evaluate(() => {
      const key = { key: 'Escape', bubbles: true, cancelable: true }
      for (let time = 0; time < 3; time++) dispatchEvent(new KeyboardEvent('keydown', key))
    })
    await viewerOf(page).waitFor({ state: 'detached' })
    await whenStill(page)
    await page.goForward()
    await viewerOf(page).waitFor()
    await page.goBack()
    await viewerOf(page).waitFor({ state: 'detached' })
    expect(await depth()).toBe(depthBefore)
  })
})

describe('on a phone', () => {
  test('photos are seen, swiped through and selected by a long press', async () => {
    const { page, faults } = await gallery.openAsNewUser({ ...PHONE, ...MOVING })
    await uploadThree(page)
    await page.getByRole('button', { name: 'Close', exact: true }).tap()

    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width).toBe(390)

    await tilesOf(page).first().tap()
    await viewerOf(page).waitFor()
    await whenStill(page)
    const before = page.url()
    await swipe(page, { from: [320, 400], to: [60, 410] })
    await page.waitForFunction((url) => location.href !== url, before)
    await swipe(page, { from: [200, 300], to: [210, 600] })
    await viewerOf(page).waitFor({ state: 'detached' })
    await whenStill(page)

    const finger = await touchCornerOf(page, tilesOf(page).first())
    await chosen(page, 1).waitFor()
    await finger.lift()
    await tilesOf(page).nth(1).tap()
    await chosen(page, 2).waitFor()
    await page.getByRole('button', { name: 'Clear the selection' }).tap()
    const patient = await touchCornerOf(page, tilesOf(page).nth(1))
    await page.waitForTimeout(LONG_FOR_CHROMIUM_MS)
    await patient.lift()
    await tilesOf(page).first().tap()
    await chosen(page, 2).waitFor()
    await page.getByRole('button', { name: 'Add to favourites' }).tap()
    await page.getByRole('link', { name: 'Favourites' }).tap()
    await expectPictures(page, 2)
    expect(faults).toEqual([])
  })
})

describe('uploads', () => {
  test('what is there already is said so, and what is no picture is refused', async () => {
    const { page } = await gallery.openAsNewUser()
    const photos = await threePhotos()
    const text = join(gallery.folder, 'notes.txt')
    await writeFile(text, 'no picture')
    await dropFiles(page, photos)
    await page.getByRole('heading', { name: '3 files uploaded' }).waitFor()
    await page.getByRole('button', { name: 'Close', exact: true }).click()

    await dropFiles(page, [...photos, text])

    await page.getByRole('heading', { name: '3 already here, 1 failed' }).waitFor()
    await expectPictures(page, 3)
  })

  test('a page that is reloaded in the middle goes on with what is missing', async () => {
    const { page } = await gallery.openAsNewUser()
    page.on('dialog', (dialog) => dialog.accept())
    let isHeld = true
    let held = 0
    await page.route(/X-Amz-Signature/, (route) => {
      if (!isHeld || route.request().method() !== 'PUT') return route.continue()
      held += 1
    })
    await dropFiles(page, await threePhotos())
    await page.getByRole('heading', { name: /^Uploading/ }).waitFor()
    await page.getByText('0 %').first().waitFor()
    // What is not held yet would be up before the page is gone, and no longer missing.
    await until(() => held === 3, { timeoutMs: 60_000 })
    isHeld = false
    await page.reload()

    await page.getByRole('region', { name: 'Uploads' }).waitFor()
    const isOver = page.getByRole('heading', { name: '3 files uploaded' })
    const ask = page.getByRole('button', { name: 'Continue' })
    await ask.or(isOver).first().waitFor()
    if (await ask.isVisible()) await ask.click()

    await isOver.waitFor()
    await expectPictures(page, 3)
  })
})

describe('a large library', () => {
  test('is reached at any date, and what is looked at does not jump', async () => {
    const { page, user } = await gallery.openAsNewUser({ ...DESKTOP, ...MOVING })
    const months = Array.from({ length: 60 }, (_, index) => new Date(Date.UTC(2024, 5 - index, 15)))
    const rows = months.flatMap((month) =>
      Array.from({ length: 80 }, (_, index) => {
        const at = new Date(month.getTime() - index * 3_600_000)
        return assetRow(user.id, {
          ...{ fileCreatedAt: at, fileModifiedAt: at, localDateTime: at },
          ...{ width: index % 3 ? 1500 : 700, height: 1000, failureReason: 'Only a row' },
        })
      }),
    )
    // A statement takes at most 65,535 parameters.
    for (let from = 0; from < rows.length; from += 1_000) {
      await gallery.backend.db.insert(assets).values(rows.slice(from, from + 1_000))
    }
    await page.reload()

    const slider = page.getByRole('slider', { name: 'Date' })
    await slider.focus()
    await page.keyboard.press('End')
    await page.getByRole('heading', { name: 'July 2019', level: 2 }).waitFor()
    expect(await slider.getAttribute('aria-valuetext')).toBe('July 2019')

    await page.keyboard.press('PageUp')
    await page.keyboard.press('ArrowUp')
    await until(async () => (await tilesOf(page).count()) > 10)
    const missed = await answerOnceMissed(page)
    const shift = await page.evaluate(async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
      const scroller = document.querySelector('.scroller')
      if (!scroller) return Number.NaN
      let worst = 0
      for (let step = 0; step < 60; step++) {
        const seen = new Map(
          [...document.querySelectorAll<HTMLElement>('a[data-asset]')].map((tile) => [
            tile.dataset.asset,
            tile.getBoundingClientRect().top,
          ]),
        )
        scroller.scrollTop -= 120
        await frame()
        await frame()
        for (const tile of document.querySelectorAll<HTMLElement>('a[data-asset]')) {
          const before = seen.get(tile.dataset.asset)
          const { top } = tile.getBoundingClientRect()
          if (before === undefined || top < 0 || top > innerHeight) continue
          worst = Math.max(worst, Math.abs(top - before - 120))
        }
      }
      return worst
    })
    expect(shift).toBeLessThan(2)
    expect(missed.months).toBeGreaterThan(0)
    expect(await tilesOf(page).count()).toBeLessThan(150)
  })
})

describe('for everybody', () => {
  test.each(['light', 'dark'] as const)('axe finds no fault in the %s theme', async (theme) => {
    const { page } = await gallery.openAsNewUser({
      ...DESKTOP,
      colorScheme: theme,
      reducedMotion: 'reduce',
    })
    const found: Record<string, string[]> = {}
    found.empty = await faultsOf(page)
    await uploadThree(page)
    found.timeline = await faultsOf(page)
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await tilesOf(page).first().click()
    await page.getByRole('button', { name: 'Information' }).click()
    await page.getByText('Canon EOS 5D').waitFor()
    found.viewer = await faultsOf(page)
    for (const section of ['account', 'appearance', 'devices', 'keys', 'about']) {
      await page.goto(`/settings/${section}`)
      await page.getByRole('main').getByRole('heading', { level: 2 }).waitFor()
      found[section] = await faultsOf(page)
    }
    await page.getByRole('button', { name: /^Account:/ }).click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    found.login = await faultsOf(page)

    const faults = Object.entries(found).filter(([, list]) => list.length > 0)
    expect(faults).toEqual([])
  })

  test('at 200 % and from right to left nothing leaves the page', async () => {
    const { page } = await gallery.openAsNewUser({ viewport: { width: 720, height: 450 } })
    await uploadThree(page)
    await page.evaluate(() => {
      document.documentElement.dir = 'rtl'
      document.documentElement.style.fontSize = '200%'
    })
    await page.setViewportSize({ width: 721, height: 450 })

    const outside = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('a[data-asset], header button, nav a')]
          .map((element) => element.getBoundingClientRect())
          .filter(({ left, right }) => left < -1 || right > innerWidth + 1),
      )
    // The page measures itself anew when it has its size.
    await expect.poll(outside, { timeout: 10_000 }).toEqual([])
    const [newest, second] = await Promise.all(
      [0, 1].map((index) => tilesOf(page).nth(index).boundingBox()),
    )
    expect(newest?.x ?? 0).toBeGreaterThan(second?.x ?? 0)
  })

  test('a person can manage devices, keys and users', async () => {
    const { page, faults } = await openGallery(gallery.browser, {
      url: gallery.edge.url,
      ...DESKTOP,
    })
    await logIn(page, gallery.accounts.admin)
    await page.goto('/settings/keys')
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name').fill('Kitchen frame')
    await page.getByRole('radio', { name: /^Look/ }).check()
    await page.getByRole('button', { name: 'Make key' }).click()
    const secret = await page.getByRole('dialog').locator('code').textContent()
    const answer = await fetch(`${gallery.edge.url}/api/timeline/buckets`, {
      headers: { 'x-api-key': secret ?? '' },
    })
    expect(answer.status).toBe(200)
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('Kitchen frame').waitFor()

    await page.goto('/settings/users')
    await page.getByRole('button', { name: 'New user' }).click()
    const email = `${randomBytes(4).toString('hex')}@example.com`
    await page.getByLabel('Name').fill('Grace Hopper')
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password', { exact: true }).fill('compilers!')
    await page.getByLabel('Storage limit').fill('5')
    await page.getByRole('button', { name: 'Make user' }).click()
    await page.getByText(`${email} · 0 B of 5 GB`).waitFor()

    const other = await openGallery(gallery.browser, { url: gallery.edge.url, ...DESKTOP })
    await other.page.goto('/login')
    await other.page.getByLabel('Email').fill(email)
    await other.page.getByLabel('Password', { exact: true }).fill('compilers!')
    await other.page.getByRole('button', { name: 'Log in' }).click()
    await other.page.getByLabel('The password you were given').fill('compilers!')
    await other.page.getByLabel('Your own password').fill('nanoseconds')
    await other.page.getByRole('button', { name: 'Set password' }).click()
    await other.page.getByRole('navigation', { name: 'Pages' }).waitFor()
    await page.goto('/settings/devices')
    await page.getByText('This device').waitFor()
    expect(faults).toEqual([])
  })
})

type Point = readonly [number, number]

async function swipe(page: Page, { from, to }: { from: Point; to: Point }) {
  const session = await page.context().newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', point?: Point) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: point ? [{ x: point[0], y: point[1] }] : [],
    })
  await touch('touchStart', from)
  for (let step = 1; step <= 8; step++) {
    const share = step / 8
    await touch('touchMove', [
      from[0] + (to[0] - from[0]) * share,
      from[1] + (to[1] - from[1]) * share,
    ])
  }
  await touch('touchEnd')
  await session.detach()
}

/** A finger that rests on a tile, where its check button comes to lie under it. */
async function touchCornerOf(page: Page, target: ReturnType<typeof tilesOf>) {
  const box = await target.boundingBox()
  const point = { x: (box?.x ?? 0) + 30, y: (box?.y ?? 0) + 40 }
  const session = await page.context().newCDPSession(page)
  const send = (type: 'touchStart' | 'touchEnd', touchPoints: { x: number; y: number }[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints })
  await send('touchStart', [point])
  return { lift: () => send('touchEnd', []).then(() => session.detach()) }
}

const chosen = (page: Page, count: number) =>
  page.getByRole('toolbar', { name: 'Selection' }).getByText(`${count} selected`)
