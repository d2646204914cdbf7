import { randomBytes } from 'node:crypto'
import { LoginResponseDto } from '#contracts/api/authentication.ts'
import type { UserId } from '#contracts/ids.ts'
import { app } from '../../edge/app.ts'
import { readEdgeEnv } from '../../edge/bindings.ts'
import { configureDatabase } from '../../edge/deps.ts'
import { absentNeighbours } from './absent-neighbours.ts'
import { createTestBucket } from './bucket.ts'
import { createTestDatabase } from './database.ts'
import { createTestGateway, type GatewayOptions } from './gateway.ts'

export type TestUser = { id: UserId; email: string; name: string; password: string; token: string }

type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> }

/**
 * The real app before a real gateway, database and bucket of the test file's own. There is one way to log in: the
 * route. `variables` replace settings of the edge.
 */
export async function createTestEdge(
  variables: Record<string, string> = {},
  gatewayOptions: GatewayOptions = {},
) {
  const [database, bucket] = await Promise.all([createTestDatabase(), createTestBucket()])
  const gateway = await createTestGateway(database, gatewayOptions)
  const env = readEdgeEnv({
    GATEWAY_URL: gateway.url,
    GATEWAY_SECRET: gateway.secret,
    ...absentNeighbours,
    S3_ENDPOINT: bucket.endpoint,
    S3_REGION: bucket.region,
    S3_BUCKET: bucket.bucket,
    S3_ACCESS_KEY_ID: bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
    LOG_LEVEL: 'fatal',
    ...variables,
  })
  configureDatabase(env)

  const pending: Promise<unknown>[] = []
  const context = {
    waitUntil: (promise: Promise<unknown>) => void pending.push(promise),
    passThroughOnException: () => {},
    props: {},
  }
  const request = async (path: string, init: Init = {}): Promise<Response> =>
    await app.request(path, init, env, context)

  const send = (headers: Record<string, string>) => {
    const withJson = (method: string) => (path: string, body?: unknown) =>
      request(path, {
        method,
        headers: {
          ...headers,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    return {
      request: (path: string, init: Init = {}) =>
        request(path, { ...init, headers: { ...headers, ...init.headers } }),
      get: (path: string) => request(path, { headers }),
      post: withJson('POST'),
      put: withJson('PUT'),
      delete: withJson('DELETE'),
    }
  }
  const anonymous = send({})
  const as = (user: { token: string }) => send({ authorization: `Bearer ${user.token}` })
  const withKey = (secret: string) => send({ 'x-api-key': secret })

  const logIn = async (account: { email: string; password: string }): Promise<TestUser> => {
    const response = await anonymous.post('/api/auth/login', account)
    if (response.status !== 201) throw new Error(`login: ${await response.text()}`)
    const login = LoginResponseDto.parse(await response.json())
    return { ...account, id: login.userId, name: login.name, token: login.accessToken }
  }
  const newAccount = () => {
    const tag = randomBytes(5).toString('hex')
    return { email: `${tag}@example.com`, name: `User ${tag}`, password: `password-${tag}` }
  }
  const account = newAccount()
  const signUp = await anonymous.request('/api/auth/admin-sign-up', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(variables.SIGNUP_CODE && { 'x-signup-code': variables.SIGNUP_CODE }),
    },
    body: JSON.stringify(account),
  })
  if (signUp.status !== 201) throw new Error(`sign-up: ${await signUp.text()}`)
  const admin = await logIn(account)

  const newUser = async (fields: Record<string, unknown> = {}): Promise<TestUser> => {
    const made = newAccount()
    const response = await as(admin).post('/api/admin/users', { ...made, ...fields })
    if (response.status !== 201) throw new Error(`new user: ${await response.text()}`)
    return await logIn({ ...made, ...(fields as Partial<typeof made>) })
  }

  return {
    ...{ admin, newUser, newAccount, logIn, as, withKey, anonymous, request },
    ...{ env, db: database.db, database, bucket, gateway },
    settled: () => Promise.all(pending),
  }
}

export type TestEdge = Awaited<ReturnType<typeof createTestEdge>>
