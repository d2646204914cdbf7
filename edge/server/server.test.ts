import { expect, test } from 'vitest'
import { mediaTypes } from '#contracts/media-types.ts'
import { createTestEdge } from '#test/helpers/edge.ts'
import { seedAssets } from '#test/helpers/seed.ts'

const edge = await createTestEdge()

const read = async (path: string) => (await edge.anonymous.get(path)).json()

test('what Immich apps ask before the login', async () => {
  expect(await read('/.well-known/immich')).toEqual({ api: { endpoint: '/api' } })
  expect(await read('/api/server/ping')).toEqual({ res: 'pong' })
  expect(await read('/api/server/version')).toEqual({
    major: 3,
    minor: 0,
    patch: 3,
    prerelease: null,
  })
  expect(await read('/api/server/features')).toMatchObject({
    passwordLogin: true,
    oauth: false,
    trash: true,
    search: true,
  })
  expect(await read('/api/server/config')).toMatchObject({
    isInitialized: true,
    signupCodeRequired: false,
    trashDays: 30,
    userDeleteDelay: 7,
  })
})

test('media types are those that uploads take', async () => {
  expect(await read('/api/server/media-types')).toEqual(mediaTypes)
})

test('the version history has this version once', async () => {
  const histories = await Promise.all([1, 2, 3].map(() => read('/api/server/version-history')))

  expect(histories[0]).toHaveLength(1)
  expect(histories[0][0]).toMatchObject({ version: '3.0.3' })
  expect(await read('/api/server/version-history')).toHaveLength(1)
})

test("storage tells what the store's disks hold", async () => {
  const storage = await (await edge.as(edge.admin).get('/api/server/storage')).json()

  expect(storage.diskSizeRaw).toBeGreaterThan(storage.diskAvailableRaw)
  expect(storage.diskUseRaw).toBe(storage.diskSizeRaw - storage.diskAvailableRaw)
  expect(storage.diskSize).toMatch(/^\d+\.\d (GiB|TiB)$/)
  expect(storage.diskUsagePercentage).toBeLessThanOrEqual(100)
})

test('statistics name each user, also one without assets', async () => {
  const user = await edge.newUser({ quotaSizeInBytes: 1000 })

  const statistics = await (await edge.as(edge.admin).get('/api/server/statistics')).json()

  expect(statistics).toMatchObject({ photos: 0, videos: 0, usage: 0 })
  expect(statistics.usageByUser).toContainEqual({
    userId: user.id,
    userName: user.name,
    quotaSizeInBytes: 1000,
    photos: 0,
    videos: 0,
    usage: 0,
    usagePhotos: 0,
    usageVideos: 0,
  })
})

test('statistics count what is shown and weigh what is stored', async () => {
  const user = await edge.newUser()
  const ownerId = user.id
  await seedAssets(edge.db, { ownerId, count: 3, sizeBytes: 100 })
  await seedAssets(edge.db, { ownerId, count: 1, sizeBytes: 5000, type: 'VIDEO' })
  await seedAssets(edge.db, {
    ownerId,
    count: 1,
    sizeBytes: 10,
    type: 'VIDEO',
    visibility: 'hidden',
  })
  const inTrash = { status: 'trashed', trashedAt: new Date() } as const
  await seedAssets(edge.db, { ownerId, count: 2, sizeBytes: 100, ...inTrash })
  const deleted = { status: 'deleted', trashedAt: new Date() } as const
  await seedAssets(edge.db, { ownerId, count: 1, sizeBytes: 100, ...deleted })

  const statistics = await (await edge.as(edge.admin).get('/api/server/statistics')).json()

  const usage = statistics.usageByUser.find(({ userId }: { userId: string }) => userId === ownerId)
  expect(usage).toMatchObject({
    photos: 3,
    videos: 1,
    usage: 5510,
    usagePhotos: 500,
    usageVideos: 5010,
  })
})

test.each([
  ['POST', '/sql'],
  ['POST', '/passwords/hash'],
  ['POST', '/passwords/verify'],
  ['GET', '/metrics'],
  ['GET', '/health'],
  ['GET', '/queues'],
  ['POST', '/queues/thumbnailGeneration/pause'],
])('%s %s of an internal service is not there on the public port', async (method, path) => {
  const response = await edge.request(path, {
    method,
    headers: { authorization: `Bearer ${edge.gateway.secret}`, 'content-type': 'application/json' },
    ...(method === 'POST' && { body: JSON.stringify({ query: 'select 1', params: [] }) }),
  })

  expect(response.status).toBe(404)
})

test('an unknown path below /api answers 404 in JSON', async () => {
  const response = await edge.anonymous.post('/api/no/such/thing', {})

  expect(response.status).toBe(404)
  expect(await response.json()).toEqual({ message: 'Cannot POST /api/no/such/thing' })
})

test('JSON that is none is told so', async () => {
  const response = await edge.request('/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"email": ',
  })

  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ message: 'Malformed JSON in request body' })
})

test('a body beyond all reason is refused before it is read', async () => {
  const response = await edge.request('/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'a@b.c', password: 'x'.repeat(9_000_000) }),
  })

  expect(response.status).toBe(413)
})

test('the OpenAPI document names its schemas as Immich does', async () => {
  const document = await read('/api/openapi.json')

  expect(document.paths['/users/me'].get).toMatchObject({
    tags: ['Users'],
    'x-immich-permission': 'user.read',
    responses: {
      200: {
        content: {
          'application/json': { schema: { $ref: '#/components/schemas/UserAdminResponseDto' } },
        },
      },
    },
  })
  expect(document.components.schemas.UserAdminResponseDto.properties.avatarColor).toEqual({
    $ref: '#/components/schemas/UserAvatarColor',
  })
})

test('every answer of the API has an id and can be no page', async () => {
  const response = await edge.anonymous.get('/api/users/me')

  expect(response.status).toBe(401)
  expect(response.headers.get('x-correlation-id')).toMatch(/^[\w-]{36}$/)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/)
})
