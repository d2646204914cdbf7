import { afterEach, expect, test, vi } from 'vitest'
import { createTestEdge } from '#test/helpers/edge.ts'
import { ADMITTED_HEADER, Admitted } from './listener.ts'

const edge = await createTestEdge()
const user = await edge.newUser()
const made = await edge.as(user).post('/api/api-keys', { permissions: ['asset.read'] })
const { secret } = await made.json()
afterEach(() => void vi.useRealTimers())

/** A Hub that refuses everybody, and what it was told of them. */
const admitted: Admitted[] = []
edge.env.hub = {
  fetch: async (_url, init) => {
    const told = new Headers(init?.headers).get(ADMITTED_HEADER) ?? ''
    admitted.push(Admitted.parse(JSON.parse(told)))
    return new Response(null, { status: 401 })
  },
}

test.each([
  ['a session', () => edge.as(user)],
  ['an API key', () => edge.withKey(secret)],
])('what is revoked while %s is read counts as revoked later', async (_, as) => {
  const { gateway } = edge.env
  vi.useFakeTimers({ toFake: ['Date'] })
  const askedAt = Date.now()
  // Each answer of the database takes a minute.
  edge.env.gateway = {
    fetch: async (url, init) => {
      const answer = await gateway.fetch(url, init)
      vi.setSystemTime(Date.now() + 60_000)
      return answer
    },
  }

  const response = await as().request('/api/socket.io/?EIO=4&transport=websocket', {
    headers: { upgrade: 'websocket' },
  })
  edge.env.gateway = gateway

  expect(response.status).toBe(401)
  expect(Date.now()).toBeGreaterThan(askedAt)
  expect(admitted.at(-1)?.admittedAt).toBe(askedAt)
})
