import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LoginResponseDto } from '#contracts/api/authentication.ts'
import type { UserId } from '#contracts/ids.ts'
import { quietPort } from '#stack/stores/free-port.ts'
import { createNodeStorage } from '#storage/node.ts'
import { createLog } from '#workers/runtime/log.ts'
import { createPusher } from '#workers/runtime/push.ts'
import { startDispatcher } from '../../workers/dispatcher/start-dispatcher.ts'
import { startMedia } from '../../workers/media/start-media.ts'
import { absentNeighbours } from './absent-neighbours.ts'
import { atEndOfFile } from './at-end-of-file.ts'
import { createTestBucket } from './bucket.ts'
import { createTestDatabase } from './database.ts'
import { createTestGateway } from './gateway.ts'
import { createTestValkey } from './valkey.ts'

export type BackendUser = { id: UserId; email: string; password: string; token: string }

/** Everything behind the edge, of the test file's own: stores, gateway, dispatcher and the media worker. */
export async function createBackend() {
  const [database, bucket] = await Promise.all([createTestDatabase(), createTestBucket()])
  const valkey = createTestValkey()
  const gateway = await createTestGateway(database)
  const tempRoot = await mkdtemp(join(tmpdir(), 'tintype-backend-'))
  atEndOfFile(() => rm(tempRoot, { recursive: true, force: true }))
  const secret = randomBytes(16).toString('hex')
  const http = { host: '127.0.0.1', port: 0, secret }
  const log = createLog({ process: 'test', level: 'fatal' })
  // `startHub` takes this place, where a test has need of it.
  const hub = {
    url: `http://127.0.0.1:${await quietPort()}`,
    secret: randomBytes(16).toString('hex'),
  }
  const dispatcher = await startDispatcher({
    db: database.db,
    listenUrl: database.appUrl,
    valkey,
    http,
    log,
    schedules: [],
  })
  atEndOfFile(dispatcher.stop)
  const media = await startMedia({
    db: database.db,
    storage: createNodeStorage(bucket),
    valkey,
    http,
    tempRoot,
    pusher: createPusher({ ...hub, log }),
    concurrency: 1,
    log,
  })
  atEndOfFile(media.stop)

  const edgeVariables = {
    GATEWAY_URL: gateway.url,
    GATEWAY_SECRET: gateway.secret,
    ...absentNeighbours,
    HUB_URL: hub.url,
    HUB_SECRET: hub.secret,
    DISPATCHER_URL: `http://127.0.0.1:${dispatcher.port}`,
    DISPATCHER_SECRET: secret,
    S3_ENDPOINT: bucket.endpoint,
    S3_REGION: bucket.region,
    S3_BUCKET: bucket.bucket,
    S3_ACCESS_KEY_ID: bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
    LOG_LEVEL: 'error',
  }
  return { database, db: database.db, bucket, valkey, gateway, edgeVariables }
}

async function post(url: string, body: unknown, token?: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return await response.json()
}

/** Accounts over HTTP, as people make them: the first signs up, the others are made by the first. */
export async function createAccounts(url: string) {
  const account = () => {
    const tag = randomBytes(5).toString('hex')
    return { email: `${tag}@example.com`, password: `password-${tag}`, name: `User ${tag}` }
  }
  const logIn = async ({ email, password }: { email: string; password: string }) => {
    const answer = await post(`${url}/api/auth/login`, { email, password })
    const { accessToken: token, userId: id } = LoginResponseDto.parse(answer)
    return { id, email, password, token } satisfies BackendUser
  }
  const first = account()
  await post(`${url}/api/auth/admin-sign-up`, first)
  const admin = await logIn(first)
  const newUser = async (fields: { quotaSizeInBytes?: number } = {}): Promise<BackendUser> => {
    const made = account()
    await post(`${url}/api/admin/users`, { ...made, ...fields }, admin.token)
    return await logIn(made)
  }
  return { admin, newUser }
}
