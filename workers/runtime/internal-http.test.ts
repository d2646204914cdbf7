import { afterAll, beforeAll, expect, test } from 'vitest'
import { InternalHttpError, serveInternal } from './internal-http.ts'
import { createLog } from './log.ts'

const SECRET = 'a-secret-of-the-tests'
let server: Awaited<ReturnType<typeof serveInternal>>

beforeAll(async () => {
  server = await serveInternal({
    host: '127.0.0.1',
    port: 0,
    secret: SECRET,
    log: createLog({ process: 'test', level: 'silent' as 'fatal' }),
    routes: {
      'GET /health': () => ({ body: { isHealthy: true } }),
      'GET /metrics': () => ({ body: 'up 1\n' }),
      'GET /queues/:name': ({ params, query }) => ({ body: { ...params, at: query.get('at') } }),
      'POST /echo': async ({ readJson }) => ({ body: { echo: await readJson() } }),
      'POST /refuse': () => {
        throw new InternalHttpError(409, 'not now')
      },
      'POST /break': () => {
        throw new Error('postgres://u:password@host is down')
      },
    },
  })
})
afterAll(() => server.close())

const ask = (path: string, { method = 'GET', secret = SECRET } = {}) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: secret ? { authorization: `Bearer ${secret}` } : {},
  })

test.each([
  ['no secret', ''],
  ['another secret', 'a-secret-of-the-testz'],
])('refuses everything with %s', async (_, secret) => {
  const statuses = await Promise.all(
    ['/health', '/metrics', '/queues/x', '/none'].map(
      async (path) => (await ask(path, { secret })).status,
    ),
  )

  expect(statuses).toEqual([401, 401, 401, 401])
})

test('answers JSON, text, and parts of the path', async () => {
  expect(await (await ask('/health')).json()).toEqual({ isHealthy: true })
  expect(await (await ask('/metrics')).text()).toBe('up 1\n')
  expect(await (await ask('/queues/sidecar?at=2')).json()).toEqual({ name: 'sidecar', at: '2' })
})

test('tells an expected refusal, and nothing about an unexpected one', async () => {
  const refused = await ask('/refuse', { method: 'POST' })
  const broken = await ask('/break', { method: 'POST' })

  expect([refused.status, await refused.json()]).toEqual([409, { message: 'not now' }])
  expect([broken.status, await broken.json()]).toEqual([500, { message: 'Internal error' }])
  expect((await ask('/refuse')).status).toBe(404)
})

test('takes a little JSON, and refuses everything else', async () => {
  const send = async (body: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/echo`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRET}` },
      body,
    })
    return [response.status, await response.json()]
  }

  expect(await send('{"text":"zebra"}')).toEqual([200, { echo: { text: 'zebra' } }])
  expect(await send('{"text":')).toEqual([400, { message: 'The body is no JSON' }])
  expect(await send(JSON.stringify('z'.repeat(300_000)))).toEqual([
    413,
    { message: 'The body is too large' },
  ])
})
