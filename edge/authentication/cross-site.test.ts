import { expect, test } from 'vitest'
import { ApiKeyCreateResponseDto } from '#contracts/api/api-keys.ts'
import { createTestEdge } from '#test/helpers/edge.ts'

const edge = await createTestEdge()
const user = await edge.newUser()

const withCookie = (method: string, headers: Record<string, string>) =>
  edge.request('http://photos.example:2283/api/users/me', {
    method,
    headers: {
      cookie: `immich_access_token=${user.token}; immich_is_authenticated=true`,
      host: 'photos.example:2283',
      'content-type': 'application/json',
      ...headers,
    },
    ...(method === 'PUT' && { body: JSON.stringify({ name: 'Other' }) }),
  })

test.each([
  ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
  ['Sec-Fetch-Site: same-site, another host of the domain', { 'sec-fetch-site': 'same-site' }],
  ['an Origin elsewhere', { origin: 'https://evil.example' }],
  ['an Origin on another port', { origin: 'http://photos.example:8080' }],
  ['an opaque Origin', { origin: 'null' }],
])('a change with the cookie and %s is refused', async (_, headers) => {
  const response = await withCookie('PUT', headers)

  expect(response.status).toBe(403)
  const me = await (await edge.as(user).get('/api/users/me')).json()
  expect(me.name).toBe(user.name)
})

test.each([
  ['neither header, as phone apps send', {}],
  ['Sec-Fetch-Site: same-origin', { 'sec-fetch-site': 'same-origin' }],
  ['Sec-Fetch-Site: none', { 'sec-fetch-site': 'none' }],
  ['its own Origin', { origin: 'http://photos.example:2283' }],
  ['its own Origin over TLS', { origin: 'https://photos.example:2283' }],
])('a change with the cookie and %s passes', async (_, headers) => {
  const response = await withCookie('PUT', { ...headers })

  expect(response.status).toBe(200)
  await edge.as(user).put('/api/users/me', { name: user.name })
})

test('reading is not refused', async () => {
  const response = await withCookie('GET', { 'sec-fetch-site': 'cross-site' })

  expect(response.status).toBe(200)
})

test('a request with a key of its own passes from anywhere', async () => {
  const made = await edge.as(user).post('/api/api-keys', { permissions: ['user.update'] })
  const { secret } = ApiKeyCreateResponseDto.parse(await made.json())

  const response = await edge.withKey(secret).request('/api/users/me', {
    method: 'PUT',
    headers: { origin: 'https://scripts.example', 'content-type': 'application/json' },
    body: JSON.stringify({ name: user.name }),
  })

  expect(response.status).toBe(200)
})

test("another site's page cannot log a browser in", async () => {
  const response = await edge.anonymous.request('/api/auth/login', {
    method: 'POST',
    headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
    body: JSON.stringify(user),
  })

  expect(response.status).toBe(403)
  expect(response.headers.getSetCookie()).toEqual([])
})
