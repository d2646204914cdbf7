import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'

const { default: edge } = exports as unknown as {
  default: { fetch(url: string, init?: RequestInit): Promise<Response> }
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  edge.fetch(`http://photos.test${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test('inside workerd a person signs up, logs in and is known afterwards', async () => {
  const account = { email: 'first@example.com', name: 'First', password: 'a long password' }

  const signedUp = await post('/api/auth/admin-sign-up', account)
  const loggedIn = await post('/api/auth/login', account)
  const { accessToken } = (await loggedIn.json()) as { accessToken: string }
  const me = await edge.fetch('http://photos.test/api/users/me', {
    headers: { authorization: `Bearer ${accessToken}` },
  })

  expect([signedUp.status, loggedIn.status, me.status]).toEqual([201, 201, 200])
  expect(await me.json()).toMatchObject({ email: account.email, isAdmin: true })
})

test('inside workerd a stranger gets 401 and the reason as a message', async () => {
  const response = await edge.fetch('http://photos.test/api/users/me')

  expect(response.status).toBe(401)
  expect(await response.json()).toEqual({ message: expect.any(String) })
})
