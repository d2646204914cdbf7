import { expect, test } from 'vitest'
import { SystemConfig } from '#contracts/system-config.ts'
import { writeSystemConfig } from '#db/queries/system-config.ts'
import { createTestEdge } from '#test/helpers/edge.ts'

const edge = await createTestEdge()
edge.env.assets = {
  fetch: async () =>
    new Response('<!doctype html>', { headers: { 'content-type': 'text/html; charset=utf-8' } }),
}

test('the page may reach the servers of a map style, once an administrator has set one', async () => {
  await writeSystemConfig(
    edge.db,
    SystemConfig.parse({ map: { lightStyle: 'http://tiles.lan:8080/light.json' } }),
  )

  const response = await edge.anonymous.get('/map')

  const policy = response.headers.get('content-security-policy') ?? ''
  expect(policy).toMatch(/connect-src 'self' blob: https: http:\/\/tiles\.lan:8080;/)
  expect(policy).toMatch(/img-src 'self' blob: https: http:\/\/tiles\.lan:8080;/)
  expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval';/)
  expect([...response.headers.keys()].filter((name) => name.startsWith('x-tintype'))).toEqual([])
})
