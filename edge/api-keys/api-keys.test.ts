import { expect, test } from 'vitest'
import { ApiKeyCreateResponseDto } from '#contracts/api/api-keys.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'

const edge = await createTestEdge()

async function newKey(user: TestUser, permissions: string[]) {
  const response = await edge.as(user).post('/api/api-keys', { name: 'Script', permissions })
  return ApiKeyCreateResponseDto.parse(await response.json())
}

test('a key may what it was given, and its secret is told once', async () => {
  const user = await edge.newUser()
  const { secret, apiKey } = await newKey(user, ['user.read', 'apiKey.read'])

  const me = await edge.withKey(secret).get('/api/users/me')
  const listed = await (await edge.withKey(secret).get('/api/api-keys')).json()

  expect(await me.json()).toMatchObject({ id: user.id })
  expect(listed).toEqual([apiKey])
  expect(JSON.stringify(listed)).not.toContain(secret)
})

test('the key is taken from the query too', async () => {
  const user = await edge.newUser()
  const { secret } = await newKey(user, ['all'])

  const response = await edge.request(`/api/users/me?apiKey=${secret}`)

  expect(response.status).toBe(200)
})

test('a key that is not one', async () => {
  const response = await edge.withKey('not-a-key').get('/api/users/me')

  expect(response.status).toBe(401)
  expect(await response.json()).toEqual({ message: 'Invalid API key' })
})

test('a key tells of itself; a session is no key', async () => {
  const user = await edge.newUser()
  const { secret, apiKey } = await newKey(user, ['map.read'])

  const [byKey, bySession] = await Promise.all([
    edge.withKey(secret).get('/api/api-keys/me'),
    edge.as(user).get('/api/api-keys/me'),
  ])

  expect(await byKey.json()).toEqual(apiKey)
  expect(bySession.status).toBe(403)
})

test.each(['create', 'update'])(
  'a key cannot %s a key with more rights than its own',
  async (how) => {
    const user = await edge.newUser()
    const { secret, apiKey } = await newKey(user, ['apiKey.create', 'apiKey.update'])
    const body = { permissions: ['apiKey.create', 'asset.delete'] }

    const response =
      how === 'create'
        ? await edge.withKey(secret).post('/api/api-keys', body)
        : await edge.withKey(secret).put(`/api/api-keys/${apiKey.id}`, body)

    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: 'Cannot grant permissions you do not have' })
  },
)

test('the permissions of an administrator need an administrator', async () => {
  const user = await edge.newUser()
  const { secret } = await newKey(user, ['all'])

  const response = await edge.withKey(secret).get('/api/admin/users')

  expect(response.status).toBe(403)
})

test('a key is renamed, limited and deleted', async () => {
  const user = await edge.newUser()
  const { secret, apiKey } = await newKey(user, ['all'])
  const path = `/api/api-keys/${apiKey.id}`

  const renamed = await edge.as(user).put(path, { name: 'Backup', permissions: ['asset.upload'] })
  const limited = await edge.withKey(secret).get('/api/users/me')
  const deleted = await edge.as(user).delete(path)

  expect(await renamed.json()).toMatchObject({ name: 'Backup', permissions: ['asset.upload'] })
  expect(limited.status).toBe(403)
  expect(deleted.status).toBe(204)
  expect((await edge.withKey(secret).get('/api/users/me')).status).toBe(401)
})

test.each(['GET', 'PUT', 'DELETE'])(
  "%s of another user's key is as of a missing one",
  async (method) => {
    const [alice, bob] = [await edge.newUser(), await edge.newUser()]
    const { apiKey } = await newKey(alice, ['all'])
    const ask = async (id: string) => {
      const response = await edge.as(bob).request(`/api/api-keys/${id}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(method === 'PUT' && { body: JSON.stringify({ name: 'Mine' }) }),
      })
      return [response.status, await response.json()]
    }

    const [foreign, missing] = [
      await ask(apiKey.id),
      await ask('01930000-0000-7000-8000-000000000000'),
    ]

    expect(foreign).toEqual([400, { message: 'API Key not found' }])
    expect(foreign).toEqual(missing)
  },
)

test('a permission that does not exist is refused', async () => {
  const response = await edge
    .as(edge.admin)
    .post('/api/api-keys', { permissions: ['asset.read', 'asset.fly'] })

  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ message: 'Validation failed' })
})
