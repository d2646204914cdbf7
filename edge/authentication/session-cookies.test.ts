import { expect, test } from 'vitest'
import { createTestEdge } from '#test/helpers/edge.ts'

const edge = await createTestEdge({ TRUSTED_PROXIES: '10.0.0.0/8' })

const cookiesFor = async (peer: string) => {
  const response = await edge.request('/api/auth/login', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-proto': 'https',
      'cf-connecting-ip': peer,
    },
    body: JSON.stringify(edge.admin),
  })
  return response.headers.getSetCookie()
}

test('cookies are Secure when a trusted proxy says https', async () => {
  const cookies = await cookiesFor('10.1.2.3')

  expect(cookies).toHaveLength(3)
  expect(cookies.every((cookie) => cookie.includes('; Secure'))).toBe(true)
})

test('nobody else makes them Secure', async () => {
  const cookies = await cookiesFor('198.51.100.7')

  expect(cookies).toHaveLength(3)
  expect(cookies.some((cookie) => cookie.includes('; Secure'))).toBe(false)
})
