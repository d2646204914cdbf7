import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { markAssetFailed } from '#db/queries/asset-work.ts'
import { assetFiles } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { seedDerivatives } from '#test/helpers/derivatives.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { sha1, uploadAsset } from '#test/helpers/forms.ts'

const edge = await createTestEdge()
const storage = createNodeStorage(edge.bucket)
const original = randomBytes(10_000)
let user: TestUser
let photo: AssetId
let derivatives: { preview: Buffer; thumbnail: Buffer }
beforeAll(async () => {
  user = await edge.newUser()
  photo = await uploadAsset(edge, user, { bytes: original, fileName: 'IMG "ä".jpg' })
  derivatives = await seedDerivatives(edge, { ownerId: user.id, assetId: photo })
})

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  edge.as(user).request(`/api/assets/${path}`, { headers, method })
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

describe('a thumbnail', () => {
  test.each([
    ['', 'thumbnail', 'image/webp'],
    ['?size=thumbnail', 'thumbnail', 'image/webp'],
    ['?size=preview&edited=true&c=abc', 'preview', 'image/jpeg'],
  ] as const)('%s is sent with a type and may be kept', async (query, kind, contentType) => {
    const response = await get(`${photo}/thumbnail${query}`)

    expect(response.status).toBe(200)
    expect(await bytesOf(response)).toEqual(derivatives[kind])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': contentType,
      'content-length': String(derivatives[kind].length),
      'cache-control': expect.stringMatching(/private.*immutable/),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'content-disposition': expect.stringMatching(
        /^inline; filename="IMG __.*"; filename\*=UTF-8''IMG%20%22%C3%A4%22\./,
      ),
    })
  })

  test('that the client has is not sent again', async () => {
    const etag = (await get(`${photo}/thumbnail`)).headers.get('etag') ?? ''

    const response = await get(`${photo}/thumbnail`, { 'if-none-match': `"other", W/${etag}` })

    expect(response.status).toBe(304)
    expect(response.headers.get('etag')).toBe(etag)
    expect(await bytesOf(response)).toHaveLength(0)
  })

  test.each([
    ['fullsize', 'original?c=1'],
    ['original', 'original?c=1'],
  ])('of size %s is a redirect to %s', async (size, location) => {
    const response = await get(`${photo}/thumbnail?size=${size}&c=1`)

    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe(location)
  })

  test('in full size of what browsers do not show is its preview', async () => {
    const heic = await uploadAsset(edge, user, { fileName: 'a.heic' })

    const response = await get(`${heic}/thumbnail?size=fullsize`)

    expect(response.headers.get('location')).toBe('thumbnail?size=preview')
  })

  test('in full size is sent when there is one', async () => {
    const heic = await uploadAsset(edge, user, { fileName: 'b.heic' })
    await storage.put('fullsize', Buffer.from('full'), { contentType: 'image/jpeg' })
    const file = {
      assetId: heic,
      type: 'fullsize' as const,
      objectKey: 'fullsize',
      contentType: 'image/jpeg',
      sizeBytes: 4,
    }
    await edge.db.insert(assetFiles).values(file)

    const response = await get(`${heic}/thumbnail?size=fullsize`)

    expect((await bytesOf(response)).toString()).toBe('full')
  })

  test('that is not made yet is missing', async () => {
    const id = await uploadAsset(edge, user)

    const response = await get(`${id}/thumbnail`)

    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ message: 'Asset media not found' })
  })

  test('that will never be made is missing with the reason', async () => {
    const id = await uploadAsset(edge, user)
    await markAssetFailed(edge.db, { assetId: id, reason: 'This file is no picture' })

    const response = await get(`${id}/thumbnail?size=preview`)

    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ message: 'This file is no picture' })
  })

  test('whose object is lost is missing', async () => {
    const id = await uploadAsset(edge, user)
    await seedDerivatives(edge, { ownerId: user.id, assetId: id })
    await storage.delete(
      (await storage.list(`thumbs/${user.id}/`)).objects
        .map(({ key }) => key)
        .filter((key) => key.includes(id)),
    )

    expect((await get(`${id}/thumbnail`)).status).toBe(404)
  })
})

describe('an original', () => {
  test('is a download under its own name', async () => {
    const response = await get(`${photo}/original`)

    expect(response.status).toBe(200)
    expect((await bytesOf(response)).equals(original)).toBe(true)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': '10000',
      'accept-ranges': 'bytes',
      etag: `"${sha1(original).toString('hex')}"`,
      'content-disposition': `attachment; filename="IMG ___.jpg"; filename*=UTF-8''IMG%20%22%C3%A4%22.jpg`,
    })
  })

  test.each([
    ['bytes=0-9', 0, 10],
    ['bytes=9990-', 9990, 10_000],
    ['bytes=-5', 9995, 10_000],
    ['bytes=100-99999', 100, 10_000],
  ])('is sent in part for %s', async (range, start, end) => {
    const response = await get(`${photo}/original`, { range })

    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/10000`)
    expect(response.headers.get('content-length')).toBe(String(end - start))
    expect((await bytesOf(response)).equals(original.subarray(start, end))).toBe(true)
  })

  test('has no part beyond its end', async () => {
    const response = await get(`${photo}/original`, { range: 'bytes=10000-' })

    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe('bytes */10000')
  })

  test('is sent whole when the part belongs to other bytes', async () => {
    const response = await get(`${photo}/original`, { range: 'bytes=0-9', 'if-range': '"other"' })

    expect(response.status).toBe(200)
    await response.arrayBuffer()
  })

  test('is described without its bytes', async () => {
    const response = await get(`${photo}/original`, {}, 'HEAD')

    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('10000')
    expect(await bytesOf(response)).toHaveLength(0)
  })

  test('that could hold a script is a download in a sandbox', async () => {
    const svg = await uploadAsset(edge, user, {
      bytes: Buffer.from('<svg><script/></svg>'),
      fileName: 'a.svg',
    })

    const { headers } = await get(`${svg}/original`)

    expect(headers.get('content-disposition')).toMatch(/^attachment/)
    expect(headers.get('content-security-policy')).toContain('sandbox')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('a video', () => {
  test('plays from any place', async () => {
    const bytes = randomBytes(5000)
    const id = await uploadAsset(edge, user, { bytes, fileName: 'a.mp4' })

    const response = await get(`${id}/video/playback`, { range: 'bytes=1000-1999' })

    expect(response.status).toBe(206)
    expect(response.headers.get('content-type')).toBe('video/mp4')
    expect(response.headers.get('content-disposition')).toMatch(/^inline/)
    expect((await bytesOf(response)).equals(bytes.subarray(1000, 2000))).toBe(true)
  })

  test('plays what was encoded for browsers when there is such', async () => {
    const id = await uploadAsset(edge, user, { fileName: 'a.mkv' })
    await storage.put('encoded', Buffer.from('mp4'), { contentType: 'video/mp4' })
    const file = {
      assetId: id,
      type: 'encoded_video' as const,
      objectKey: 'encoded',
      contentType: 'video/mp4',
      sizeBytes: 3,
    }
    await edge.db.insert(assetFiles).values(file)

    expect((await bytesOf(await get(`${id}/video/playback`))).toString()).toBe('mp4')
  })

  test('is not made of a photo', async () => {
    expect((await get(`${photo}/video/playback`)).status).toBe(400)
  })
})

describe('signed URLs', () => {
  const urlsFor = async (ids: string[], size?: string, headers = {}) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ ids, size }),
    }
    return await (await edge.as(user).request('/api/assets/urls', init)).json()
  }

  test('give tiles from the store, equal each time', async () => {
    // Every few hours comes an instant from which on they are others.
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const first = await urlsFor([photo], 'preview')
    const second = await urlsFor([photo], 'preview')

    const response = await fetch(first.urls[photo])

    expect(await bytesOf(response)).toEqual(derivatives.preview)
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(second.urls).toEqual(first.urls)
    expect(new Date(first.expiresAt).getTime()).toBeGreaterThan(Date.now() + 3 * 3600_000)
  })

  test('are absent for what has none, is locked, or is not theirs', async () => {
    const bare = await uploadAsset(edge, user)
    const locked = await uploadAsset(edge, user, { fields: { visibility: 'locked' } })
    await seedDerivatives(edge, { ownerId: user.id, assetId: locked })
    const other = await edge.newUser()
    const foreign = await uploadAsset(edge, other)
    await seedDerivatives(edge, { ownerId: other.id, assetId: foreign })

    const { urls } = await urlsFor([bare, locked, foreign, photo])

    expect(Object.keys(urls)).toEqual([photo])
  })

  test('are made for at most 500 at a time', async () => {
    const response = await edge.as(user).post('/api/assets/urls', { ids: Array(501).fill(photo) })

    expect(response.status).toBe(400)
  })
})

test("another user's bytes are not there", async () => {
  const other = await edge.newUser()

  for (const path of ['thumbnail', 'original', 'video/playback']) {
    const response = await edge.as(other).get(`/api/assets/${photo}/${path}`)
    expect(response.status).toBe(400)
    expect((await response.json()).message).toMatch(/^Not found or no asset\.\w+ access$/)
  }
})
