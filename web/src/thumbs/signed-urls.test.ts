import { expect, test, vi } from 'vitest'
import { SignedUrls } from './signed-urls.ts'

const later = () => new Date(Date.now() + 3_600_000).toISOString()

function signAll(ids: string[], size: string) {
  return Promise.resolve({
    urls: Object.fromEntries(ids.map((id) => [id, `http://store/${size}/${id}`])),
    expiresAt: later(),
  })
}

test('tiles that come into view together share one request', async () => {
  const ask = vi.fn(signAll)
  const urls = new SignedUrls(ask)

  const found = await Promise.all(['a', 'b', 'c'].map((id) => urls.find(id, 'thumbnail')))

  expect(ask).toHaveBeenCalledTimes(1)
  expect(found).toEqual(['a', 'b', 'c'].map((id) => `http://store/thumbnail/${id}`))
})

test('never more than 500 ids are asked for at once', async () => {
  const ask = vi.fn(signAll)
  const urls = new SignedUrls(ask)

  await Promise.all(
    Array.from({ length: 1200 }, (_, index) => urls.find(String(index), 'thumbnail')),
  )

  expect(ask.mock.calls.map(([ids]) => ids.length)).toEqual([500, 500, 200])
})

test('a URL is used until shortly before it expires', async () => {
  let nowMs = Date.now()
  const ask = vi.fn(signAll)
  const urls = new SignedUrls(ask, () => nowMs)
  await urls.find('a', 'thumbnail')

  nowMs += 1_800_000
  await urls.find('a', 'thumbnail')
  nowMs += 1_800_000
  await urls.find('a', 'thumbnail')

  expect(ask).toHaveBeenCalledTimes(2)
})

test('when nothing can be signed the tiles fall back at once for a while', async () => {
  const ask = vi.fn(() => Promise.reject(new Error('no')))
  const urls = new SignedUrls(ask)

  const found = [await urls.find('a', 'thumbnail'), await urls.find('b', 'thumbnail')]

  expect(found).toEqual([undefined, undefined])
  expect(ask).toHaveBeenCalledTimes(1)
})

test('an asset without a thumbnail is told apart from one with', async () => {
  const urls = new SignedUrls(() =>
    Promise.resolve({ urls: { a: 'http://store/a' }, expiresAt: later() }),
  )

  const found = await Promise.all([urls.find('a', 'thumbnail'), urls.find('b', 'thumbnail')])

  expect(found).toEqual(['http://store/a', undefined])
})
