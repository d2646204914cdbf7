import { request as httpRequest } from 'node:http'
import * as sdk from '@immich/sdk'
import { beforeAll, describe, expect, test } from 'vitest'
import { quietPort } from '#stack/stores/free-port.ts'
import { absentNeighbours } from '#test/helpers/absent-neighbours.ts'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { createTestGateway } from '#test/helpers/gateway.ts'
import { asUser, listen } from '#test/helpers/listener.ts'
import { until } from '#test/helpers/until.ts'
import {
  buildTestEdge,
  buildTestHub,
  startHub,
  startWorkerd,
  startWranglerDev,
} from '#test/helpers/workerd.ts'

const PUBLIC_STORE = 'http://store.example:9000'
const ADMIN = { email: 'admin@example.com', name: 'Admin', password: 'the first password' }

const folder = await buildTestEdge()
await buildTestHub(folder)

async function ownVariables() {
  const [database, bucket] = await Promise.all([createTestDatabase(), createTestBucket()])
  const gateway = await createTestGateway(database)
  return {
    GATEWAY_URL: gateway.url,
    GATEWAY_SECRET: gateway.secret,
    ...absentNeighbours,
    S3_ENDPOINT: bucket.endpoint,
    S3_REGION: bucket.region,
    S3_BUCKET: bucket.bucket,
    S3_ACCESS_KEY_ID: bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
    S3_PUBLIC_URL: PUBLIC_STORE,
    TRUSTED_PROXIES: '127.0.0.1',
    LOG_LEVEL: 'debug',
  }
}

/** `fetch` sends no Host and no Sec-Fetch headers of one's own; this does. */
function send(url: string, headers: Record<string, string>, method = 'GET', body?: string) {
  return new Promise<{ status: number; headers: Record<string, string | string[] | undefined> }>(
    (resolve, reject) => {
      const sent = httpRequest(url, { method, headers }, (response) => {
        response.resume()
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers }),
        )
      })
      sent.once('error', reject).end(body)
    },
  )
}

const runtimes = [
  { name: 'workerd, two processes on one descriptor', start: startInWorkerd },
  { name: 'wrangler dev', start: async () => startWranglerDev(folder, await ownVariables()) },
]

async function startInWorkerd() {
  const hub = { HUB_URL: `http://127.0.0.1:${await quietPort()}` }
  const variables = { ...(await ownVariables()), ...hub }
  await startHub(folder, variables)
  return await startWorkerd(folder, variables, 2)
}

describe.each(runtimes)('$name', ({ start }) => {
  let edge: Awaited<ReturnType<typeof start>>
  let cookie = ''

  beforeAll(async () => {
    edge = await start()
  })

  test('@immich/sdk signs up, logs in, makes a key and uses it', async () => {
    sdk.init({ baseUrl: `${edge.url}/api`, apiKey: '' })

    const ping = await sdk.pingServer()
    await sdk.signUpAdmin({ signUpDto: ADMIN })
    const login = await sdk.login({ loginCredentialDto: ADMIN })
    const inSession = { headers: { Authorization: `Bearer ${login.accessToken}` } }
    const sessions = await sdk.getSessions(inSession)
    const apiKeyCreateDto = { name: 'sdk', permissions: [sdk.Permission.UserRead] }
    const { secret } = await sdk.createApiKey({ apiKeyCreateDto }, inSession)
    sdk.setApiKey(secret)
    const me = await sdk.getMyUser()
    const refused = await sdk.getApiKeys().catch((error) => error)

    expect(ping).toEqual({ res: 'pong' })
    expect(sessions).toHaveLength(1)
    expect(me).toMatchObject({ email: ADMIN.email, isAdmin: true })
    expect(refused).toMatchObject({
      status: 403,
      data: { message: 'Missing required permission: apiKey.read' },
    })
  })

  test('a browser logs in, and its cookies are what it is known by', async () => {
    const login = await fetch(`${edge.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ADMIN),
    })
    cookie = login.headers
      .getSetCookie()
      .map((set) => set.split(';')[0])
      .join('; ')
    const me = await fetch(`${edge.url}/api/users/me`, { headers: { cookie } })

    expect(login.status).toBe(201)
    expect(cookie).toContain('immich_is_authenticated=true')
    expect(await me.json()).toMatchObject({ email: ADMIN.email })
  })

  test('the official client of socket.io is greeted, and cut off when its session is', async () => {
    const other = await fetch(`${edge.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ADMIN),
    })
    const { accessToken: token } = await other.json()
    const [byCookie, bySession] = [
      await listen(edge.url, { headers: { cookie } }).ready(),
      await listen(edge.url, asUser({ token })).ready(),
    ]

    await fetch(`${edge.url}/api/auth/logout`, { method: 'POST', ...asUser({ token }) })

    expect(await bySession.ended()).toBe('io server disconnect')
    expect(byCookie.socket.connected).toBe(true)
    byCookie.socket.disconnect()
  })

  test("another site's page changes nothing with the cookies", async () => {
    const change = (headers: Record<string, string>) =>
      send(
        `${edge.url}/api/users/me`,
        { cookie, 'content-type': 'application/json', ...headers },
        'PUT',
        JSON.stringify({ name: 'Other' }),
      )

    const [evil, crossSite, own, app] = [
      await change({ origin: 'https://evil.example' }),
      await change({ 'sec-fetch-site': 'cross-site' }),
      await change({ origin: edge.url, 'sec-fetch-site': 'same-origin' }),
      await change({}),
    ]

    expect([evil.status, crossSite.status, own.status, app.status]).toEqual([403, 403, 200, 200])
  })

  test.each(['/', '/photos/2026', '/auth/login'])(
    '%s is the page, with its policy',
    async (path) => {
      const response = await fetch(`${edge.url}${path}`)

      const policy = response.headers.get('content-security-policy') ?? ''
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('<title>Tintype</title>')
      expect(response.headers.get('content-type')).toContain('text/html')
      expect(response.headers.get('cache-control')).toBe('no-cache')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';")
      expect(policy).toContain(`connect-src 'self' blob: ${PUBLIC_STORE};`)
      expect(policy).toContain("frame-ancestors 'none'")
    },
  )

  test('a file with a hash in its name is kept for ever; one of an older build is missing', async () => {
    const [script, older] = await Promise.all([
      fetch(`${edge.url}/assets/main-1a2b.js`),
      fetch(`${edge.url}/assets/main-0000.js`),
    ])

    expect(script.headers.get('content-type')).toContain('javascript')
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(older.status).toBe(404)
    expect(older.headers.get('cache-control')).not.toContain('immutable')
  })

  test('an unchanged file is not sent again', async () => {
    const first = await fetch(`${edge.url}/assets/main-1a2b.js`)
    const etag = first.headers.get('etag') ?? ''

    const second = await fetch(`${edge.url}/assets/main-1a2b.js`, {
      headers: { 'if-none-match': etag },
    })

    expect(second.status).toBe(304)
    expect(second.headers.get('content-security-policy')).toContain("default-src 'self'")
  })

  test('an unknown path below /api is 404 in JSON', async () => {
    const response = await fetch(`${edge.url}/api/no/such`)

    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ message: 'Cannot GET /api/no/such' })
  })

  test('the store is reached', async () => {
    const response = await fetch(`${edge.url}/api/server/storage`, { headers: { cookie } })

    expect((await response.json()).diskSizeRaw).toBeLessThan(Number.MAX_SAFE_INTEGER)
  })

  test('a trusted proxy says that the client came over TLS', async () => {
    const response = await fetch(`${edge.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-proto': 'https' },
      body: JSON.stringify(ADMIN),
    })

    const cookies = response.headers.getSetCookie()
    expect(cookies.every((set) => set.includes('; Secure'))).toBe(true)
  })

  test('the log has one line of JSON for each request, and neither tokens nor queries', async () => {
    const token = cookie.match(/immich_access_token=([^;]+)/)?.[1] ?? ''
    const path = `/api/users/me?sessionKey=${token}`

    const response = await fetch(`${edge.url}${path}`)

    const requestId = response.headers.get('x-correlation-id') ?? ''
    const linesOfIt = () =>
      edge.lines().filter((candidate) => candidate.includes(`"requestId":"${requestId}"`))
    await until(() => linesOfIt().length > 0)
    const [line, ...more] = linesOfIt()
    expect(more).toEqual([])
    expect(JSON.parse(line ?? '')).toMatchObject({
      level: 'debug',
      process: 'edge',
      requestId,
      method: 'GET',
      path: '/api/users/me',
      status: 200,
      msg: 'request',
    })
    const own = edge.lines().filter((candidate) => candidate.startsWith('{'))
    expect(own.join('\n')).not.toContain(token)
    expect(own.join('\n')).not.toContain(ADMIN.password)
  })
})

test('of two processes on one descriptor either may die', async () => {
  const edge = await startWorkerd(folder, await ownVariables(), 2)
  const ping = async () =>
    (await fetch(`${edge.url}/api/server/ping`, { headers: { connection: 'close' } })).status
  await until(async () => {
    await Promise.all(Array.from({ length: 16 }, ping))
    return edge.outputs.every((lines) => lines().length > 0)
  })

  edge.children[0]?.kill('SIGKILL')
  await until(() => edge.children[0]?.signalCode === 'SIGKILL')
  const statuses = await Promise.all(Array.from({ length: 16 }, ping))

  expect(statuses).toEqual(statuses.map(() => 200))
})

test('a missing variable ends the start and names itself', async () => {
  const { GATEWAY_SECRET: _, ...variables } = await ownVariables()

  await expect(startWorkerd(folder, variables)).rejects.toThrow(/GATEWAY_SECRET/)
})
