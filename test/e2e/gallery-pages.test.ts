import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AssetId, FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { assetFaces, assets, people } from '#db/schema/tables.ts'
import { faultsOf } from '#test/helpers/axe.ts'
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
import { DESKTOP, PHONE, type RunningGallery, startGallery } from '#test/helpers/whole-gallery.ts'

let gallery: RunningGallery

beforeAll(async () => {
  // The map is drawn by WebGL, also where there is no graphics card.
  gallery = await startGallery({
    chromium: ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  })
})

/** Rows are enough where no picture is looked at. */
async function seedPhotos(ownerId: UserId, count: number): Promise<AssetId[]> {
  const rows = Array.from({ length: count }, (_, index) => {
    const at = new Date(Date.UTC(2023, 5, 20) - index * 3_600_000)
    return assetRow(ownerId, {
      ...{ fileCreatedAt: at, fileModifiedAt: at, localDateTime: at, width: 1500, height: 1000 },
      failureReason: 'Only a row',
      originalFileName: `walk-${String(index).padStart(2, '0')}.jpg`,
    })
  })
  await gallery.backend.db.insert(assets).values(rows)
  return rows.map(({ id }) => id as AssetId)
}

async function seedPerson(ownerId: UserId, name: string, assetIds: AssetId[]): Promise<PersonId> {
  const id = newId<PersonId>()
  await gallery.backend.db.insert(people).values({ id, ownerId, name })
  const box = { boundingBoxX1: 10, boundingBoxY1: 10, boundingBoxX2: 90, boundingBoxY2: 90 }
  await gallery.backend.db.insert(assetFaces).values(
    assetIds.map((assetId) => ({
      ...{ id: newId<FaceId>(), assetId, personId: id, imageWidth: 100, imageHeight: 100 },
      ...box,
    })),
  )
  return id
}

const rowsOf = (ownerId: UserId) =>
  gallery.backend.db.select().from(assets).where(eq(assets.ownerId, ownerId))
const favouritesOf = async (ownerId: UserId) =>
  (await rowsOf(ownerId)).filter(({ isFavorite }) => isFavorite).map(({ id }) => id)

const search = (page: Page) => page.getByRole('combobox', { name: 'Search your photos' })
const viewerOf = (page: Page) => page.getByRole('dialog', { name: 'Viewer' })

describe('search', () => {
  test('finds a file by its name, suggests it while typing, and is told by the address', async () => {
    const { page, faults } = await gallery.openAsNewUser()
    const tag = randomBytes(4).toString('hex')
    await dropFiles(
      page,
      await Promise.all([
        makePhoto(join(gallery.folder, `lake-${tag}.jpg`), { takenAt: '2023:06:05 14:05:00' }),
        makePhoto(join(gallery.folder, `hill-${tag}.jpg`), { takenAt: '2022:03:05 09:00:00' }),
      ]),
    )
    await expectPictures(page, 2)
    await page.getByRole('button', { name: 'Close', exact: true }).click()

    await page.keyboard.press('/')
    await search(page).pressSequentially('lake')
    await page.getByRole('option', { name: `lake-${tag}.jpg` }).click()
    await viewerOf(page).getByText('14:05').first().waitFor()
    await page.keyboard.press('Escape')
    await viewerOf(page).waitFor({ state: 'detached' })

    await page.keyboard.press('/')
    await search(page).fill(tag)
    await page.keyboard.press('Enter')
    // No model has looked at pictures here: the names of files still answer, and the page says so.
    await page.getByText(`These are the files with “${tag}” in their name`).waitFor()
    await expectPictures(page, 2)
    expect(new URL(page.url()).searchParams.get('q')).toBe(tag)

    await page.getByRole('button', { name: 'Date' }).click()
    await page.getByLabel('From').fill('2023-01-01')
    await page.getByRole('button', { name: 'Show these days' }).click()
    await page.getByText('1 item', { exact: true }).waitFor()
    expect(await tilesOf(page).count()).toBe(1)

    await tilesOf(page).first().click()
    await viewerOf(page).getByText('14:05').first().waitFor()
    await page.goBack()
    await viewerOf(page).waitFor({ state: 'detached' })
    await page.goBack()
    await page.getByText('2 items', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Photos', exact: true }).click()
    await page.keyboard.press('/')
    await page.getByRole('option', { name: tag }).waitFor()
    expect(faults).toEqual([])
  })

  test('nothing found says so', async () => {
    const { page } = await gallery.openAsNewUser()

    await page.goto('/search?q=unicorn&by=name')

    await page.getByRole('heading', { name: 'Nothing found' }).waitFor()
  })

  test('results come page after page, can be chosen as everything else, and an undo puts them back in their place', async () => {
    const { page, user } = await gallery.openAsNewUser()
    await seedPhotos(user.id, 150)
    await page.goto('/search?q=walk&by=name')
    await page.getByText('100 items and more').waitFor()
    await page.getByRole('region', { name: 'Results' }).press('End')
    await page.getByText('150 items', { exact: true }).waitFor()
    await page.keyboard.press('Home')
    const first = await tilesOf(page).first().getAttribute('data-asset')

    await tilesOf(page).first().focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Delete')
    await page.getByText('148 items').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()

    await page.getByText('150 items', { exact: true }).waitFor()
    expect(await tilesOf(page).first().getAttribute('data-asset')).toBe(first)
    await until(async () => (await rowsOf(user.id)).every(({ trashedAt }) => trashedAt === null))
  })
})

describe('what is done to many', () => {
  test('is undone for each as it was before', async () => {
    const { page, user } = await gallery.openAsNewUser()
    const [first = ''] = await seedPhotos(user.id, 6)
    await gallery.backend.db
      .update(assets)
      .set({ isFavorite: true })
      .where(eq(assets.id, first as AssetId))
    await page.reload()
    await tilesOf(page).first().waitFor()

    await page.getByRole('heading', { name: 'June 2023', level: 2 }).hover()
    await page.getByRole('button', { name: 'Select all of June 2023' }).click()
    await page.getByRole('toolbar', { name: 'Selection' }).getByText('6').waitFor()
    await page.getByRole('button', { name: 'Add to favourites' }).click()
    await page.getByText('5 items added to favourites').waitFor()
    await until(async () => (await favouritesOf(user.id)).length === 6)
    await page.getByRole('button', { name: 'Undo' }).click()
    await until(async () => (await favouritesOf(user.id)).length === 1)
    expect(await favouritesOf(user.id)).toEqual([first])

    await tilesOf(page).first().focus()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Shift+A')
    await page.getByText('6 items archived').waitFor()
    await page.getByRole('heading', { name: 'Your photos live here' }).waitFor()
    await page.getByRole('link', { name: 'Archive' }).click()
    await until(async () => (await tilesOf(page).count()) === 6)
    const notice = page.getByRole('status').locator('div', { hasText: '6 items archived' })
    await notice.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('heading', { name: 'The archive is empty' }).waitFor()
    await page.getByRole('link', { name: 'Photos', exact: true }).click()
    await until(async () => (await tilesOf(page).count()) === 6)
    await until(async () =>
      (await rowsOf(user.id)).every(({ visibility }) => visibility === 'timeline'),
    )
  })
})

describe('people', () => {
  test('get names, are merged and hidden, and have a page of their own', async () => {
    const { page, user, faults } = await gallery.openAsNewUser()
    const ids = await seedPhotos(user.id, 9)
    await seedPerson(user.id, 'Anna', ids.slice(0, 4))
    await seedPerson(user.id, '', ids.slice(4, 7))
    const hidden = await seedPerson(user.id, 'Stranger', ids.slice(7))
    await page.getByRole('link', { name: 'People' }).click()
    await page.getByRole('link', { name: 'Anna' }).waitFor()

    await page.getByRole('button', { name: 'Hide people' }).click()
    await page.getByRole('button', { name: 'Hide Stranger' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('1 person hidden').waitFor()
    expect(await page.getByRole('link', { name: 'Stranger' }).count()).toBe(0)
    const [row] = await gallery.backend.db.select().from(people).where(eq(people.id, hidden))
    expect(row?.isHidden).toBe(true)

    await page.getByRole('button', { name: 'Add a name' }).click()
    await page.getByRole('combobox', { name: 'Name of this person' }).fill('ann')
    await page.getByRole('option', { name: 'Anna' }).click()
    await page.getByRole('button', { name: 'Yes, merge' }).click()
    await page.getByText('2 people are one now').waitFor()
    await page.getByText('7 photos').waitFor()

    await page.getByRole('button', { name: 'Rename Anna' }).click()
    await page.keyboard.type('Annabel')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Annabel' }).click()
    await until(async () => (await tilesOf(page).count()) === 7)

    await tilesOf(page).first().click()
    await page.getByRole('button', { name: 'Information' }).click()
    await page.getByRole('link', { name: /^Annabel/ }).waitFor()
    await page.keyboard.press('Escape')
    await viewerOf(page).waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    await search(page).pressSequentially('annab')
    await page.getByRole('option', { name: 'Annabel' }).click()
    await page.getByText('7 items', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'People: Annabel', exact: true }).waitFor()
    expect(faults).toEqual([])
  })
})

describe('the map', () => {
  test('shows where photos were taken without asking any other server', async () => {
    const { page, faults } = await gallery.openAsNewUser()
    const [here, there] = await Promise.all([
      makePhoto(join(gallery.folder, `${randomBytes(4).toString('hex')}.jpg`), {
        takenAt: '2023:06:05 14:05:00',
      }),
      makePhoto(join(gallery.folder, `${randomBytes(4).toString('hex')}.jpg`), {
        colour: '#114477',
      }),
    ])
    await dropFiles(page, [here, there])
    await expectPictures(page, 2)
    await page.getByRole('button', { name: 'Close', exact: true }).click()

    await page.getByRole('link', { name: 'Map' }).click()
    await page.getByRole('button', { name: '1 photo' }).click()
    await expectPictures(page, 1)
    expect(new URL(page.url()).searchParams.get('area')).toMatch(/^13\.39999,52\.49999,/)
    await tilesOf(page).first().click()
    await viewerOf(page).getByText('14:05').first().waitFor()
    await page.keyboard.press('Escape')
    await viewerOf(page).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Close these photos' }).click()
    await page.waitForFunction(() => location.search === '')
    expect(faults).toEqual([])
  })
})

describe('for everybody', () => {
  test.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ])('axe finds no fault on %s', async (_, size) => {
    const { page } = await openGallery(gallery.browser, {
      ...{ url: gallery.edge.url, ...size, reducedMotion: 'reduce', colorScheme: 'dark' },
    })
    await logIn(page, gallery.accounts.admin)
    const ids = await seedPhotos(gallery.accounts.admin.id, 5)
    const person = await seedPerson(gallery.accounts.admin.id, 'Grace', ids)
    const found: Record<string, string[]> = {}
    const visits: [string, () => Promise<unknown>][] = [
      ['/search?q=walk&by=name', () => tilesOf(page).first().waitFor()],
      ['/map', () => page.getByText('No photo says where it was taken').waitFor()],
      ['/people', () => page.getByRole('link', { name: 'Grace' }).first().waitFor()],
      [`/people/${person}`, () => tilesOf(page).first().waitFor()],
      ['/settings/drop-in', () => page.getByText('Endpoint').waitFor()],
      ['/admin/jobs', () => page.getByText('Reading metadata').waitFor()],
      ['/admin/storage', () => page.getByText('of originals').waitFor()],
      ['/admin/models', () => page.getByLabel('Model for faces').waitFor()],
    ]
    for (const [path, isThere] of visits) {
      await page.goto(path)
      await isThere()
      found[path] = await faultsOf(page)
    }
    await page.goto('/people')
    if (size === PHONE) await page.getByRole('button', { name: 'Search', exact: true }).tap()
    else await search(page).focus()
    await page.getByRole('listbox', { name: 'Suggestions' }).waitFor()
    found.suggestions = await faultsOf(page)
    const width = await page.evaluate(() => document.documentElement.scrollWidth)

    expect(Object.entries(found).filter(([, list]) => list.length > 0)).toEqual([])
    expect(width).toBe(size.viewport.width)
  })

  test('whatever a finger presses on a phone is 44 pixels high and wide', async () => {
    const { page, user } = await gallery.openAsNewUser(PHONE)
    const ids = await seedPhotos(user.id, 5)
    const person = await seedPerson(user.id, 'Grace', ids)
    const found: Record<string, string[]> = {}
    for (const path of ['/photos', '/search?q=walk&by=name', '/people', `/people/${person}`]) {
      await page.goto(path)
      await page
        .locator(path === '/people' ? 'a[href^="/people/"]' : 'a[data-asset]')
        .first()
        .waitFor()
      found[path] = await smallTargets(page)
    }
    await page.goto('/settings/drop-in')
    await page.getByText('Endpoint').waitFor()
    found.settings = await smallTargets(page)
    await page.getByRole('button', { name: /^Account/ }).tap()
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    found.account = await smallTargets(page)

    expect(Object.entries(found).filter(([, list]) => list.length > 0)).toEqual([])
  })

  test('a page that is older than its server starts anew where it needs a part that is gone', async () => {
    const { page, user } = await gallery.openAsNewUser()
    await seedPhotos(user.id, 3)
    let isOld = true
    await page.route(/\/assets\/SearchView-/, (route) =>
      isOld ? route.fulfill({ status: 404 }) : route.continue(),
    )
    await page.route(
      ({ pathname }) => pathname === '/',
      (route) => {
        isOld = false
        return route.fulfill({ contentType: 'text/html', body: 'another version' })
      },
    )

    await search(page).fill('walk-01')
    await page.keyboard.press('Enter')

    await tilesOf(page).first().waitFor()
    expect(new URL(page.url()).pathname).toBe('/search')
    expect(isOld).toBe(false)
  })
})

/** Labels above fields are no targets; the fields are. */
const smallTargets = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('button, a[href], select, input:not([type=radio])')]
      .filter((element) => element.checkVisibility({ opacityProperty: true }))
      .filter((element) => !element.closest('[inert]') && !element.matches('.skip-link'))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
      .map(({ element, box }) => {
        const name = element.ariaLabel ?? element.textContent?.trim()
        return `${name} ${box.width} × ${box.height}`
      }),
  )
