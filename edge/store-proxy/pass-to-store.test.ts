import { randomBytes } from 'node:crypto'
import { AwsClient } from 'aws4fetch'
import { beforeAll, describe, expect, test } from 'vitest'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { seedDerivatives } from '#test/helpers/derivatives.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { uploadAsset } from '#test/helpers/forms.ts'
import { announcement, beginUpload, sendPuts } from '#test/helpers/presigned.ts'
import { storeService } from '#test/helpers/store-service.ts'

const MIB = 1024 * 1024
const { endpoint } = await createTestBucket()
const edge = await createTestEdge({
  STORE: storeService(endpoint) as never,
  TRUSTED_PROXIES: '10.0.0.1',
})
let user: TestUser
beforeAll(async () => {
  user = await edge.newUser()
})

/** Sends to the edge itself what a client would send to the URL's origin. */
const throughEdge = (url: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
  edge.request(url, init)

describe('a presigned upload', () => {
  test('goes through our own port', async () => {
    const bytes = randomBytes(20 * MIB)
    const upload = await beginUpload(edge, user, { bytes, fileName: 'a.mp4' })

    const statuses = await sendPuts(upload.puts, bytes, throughEdge as never)
    const done = await (await edge.as(user).post(`/api/uploads/${upload.id}/complete`)).json()

    expect(upload.puts[0]?.url).toMatch(/^http:\/\/localhost\//)
    expect(upload.puts.length).toBeGreaterThan(1)
    expect(statuses).toEqual(upload.puts.map(() => 200))
    expect(done.state).toBe('verifying')
  })

  test('is signed for the name that the client used, as a trusted proxy tells it', async () => {
    const headers = {
      'cf-connecting-ip': '10.0.0.1',
      'x-forwarded-host': 'photos.example',
      'x-forwarded-proto': 'https',
    }
    const bytes = randomBytes(100)
    const announced = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
    }
    const response = await edge
      .as(user)
      .request('/api/uploads', { ...announced, body: JSON.stringify(announcement({ bytes })) })
    const { upload } = await response.json()

    const viaProxy = (url: string, init: RequestInit) =>
      throughEdge(url.replace('https://photos.example', 'http://127.0.0.1:2283'), {
        ...init,
        headers: { ...(init.headers as Record<string, string>), ...headers },
      } as never)

    expect(upload.puts[0].url).toMatch(/^https:\/\/photos\.example\//)
    expect(await sendPuts(upload.puts, bytes, viaProxy)).toEqual([200])
  })

  test('is signed with https for a page that came by https', async () => {
    const response = await edge.as(user).request('http://photos.example/api/uploads', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://photos.example' },
      body: JSON.stringify(announcement()),
    })

    expect((await response.json()).upload.puts[0].url).toMatch(/^https:\/\/photos\.example\//)
  })
})

describe('a tile', () => {
  test('comes through our own port, as no page', async () => {
    const id = await uploadAsset(edge, user)
    const { thumbnail } = await seedDerivatives(edge, { ownerId: user.id, assetId: id })
    const { urls } = await (await edge.as(user).post('/api/assets/urls', { ids: [id] })).json()

    const response = await throughEdge(urls[id], {
      headers: { cookie: 'immich_access_token=secret' },
    })

    expect(response.status).toBe(200)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(thumbnail)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/webp',
      'cache-control': expect.stringContaining('immutable'),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
    })
    expect(response.headers.get('set-cookie')).toBeNull()
  })

  test('whose URL was changed is refused', async () => {
    const id = await uploadAsset(edge, user)
    await seedDerivatives(edge, { ownerId: user.id, assetId: id })
    const { urls } = await (await edge.as(user).post('/api/assets/urls', { ids: [id] })).json()

    const response = await throughEdge(urls[id].replace('-thumbnail', '-preview'))

    expect(response.status).toBe(403)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

test.each(['GET', 'PUT', 'POST', 'DELETE', 'HEAD'])(
  '%s without a signature does not reach the store',
  async (method) => {
    const response = await edge.as(user).request(`/${edge.bucket.bucket}/upload/x`, { method })

    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).not.toContain('xml')
  },
)

test.each(['/another-bucket/x', '/minio/admin/v3/info', '/'])(
  'a signature for %s does not reach the store',
  async (path) => {
    const { accessKeyId, secretAccessKey } = edge.bucket
    const aws = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'us-east-1' })
    const signed = await aws.sign(`http://localhost${path}`)

    const response = await throughEdge(signed.url, { headers: Object.fromEntries(signed.headers) })

    expect(response.status).toBe(404)
  },
)

test("S3's own tools may use the bucket with their own signature", async () => {
  const { accessKeyId, secretAccessKey, bucket } = edge.bucket
  const aws = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'us-east-1' })
  const sign = (path: string, method = 'GET') =>
    aws.sign(`http://localhost/${bucket}${path}`, { method })
  const listed = await sign('?list-type=2&prefix=upload')

  const response = await throughEdge(listed.url, { headers: Object.fromEntries(listed.headers) })

  expect(response.status).toBe(200)
  expect(await response.text()).toContain('<ListBucketResult')
})
