import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { createTestGateway } from '#test/helpers/gateway.ts'
import { buildTestEdge, startWorkerd, startWranglerDev } from '#test/helpers/workerd.ts'

const folder = await buildTestEdge()

async function variablesOfOwn() {
  const [database, bucket] = await Promise.all([createTestDatabase(), createTestBucket()])
  const gateway = await createTestGateway(database)
  return {
    GATEWAY_URL: gateway.url,
    GATEWAY_SECRET: gateway.secret,
    DISPATCHER_URL: 'http://127.0.0.1:9',
    DISPATCHER_SECRET: 'no dispatcher here',
    S3_ENDPOINT: bucket.endpoint,
    S3_REGION: bucket.region,
    S3_BUCKET: bucket.bucket,
    S3_ACCESS_KEY_ID: bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
    LOG_LEVEL: 'debug',
  }
}

const workerd = await startWorkerd(folder, await variablesOfOwn(), 2)
console.log(workerd.lines())
const r = await fetch(workerd.url + '/')
console.log(r.status, [...r.headers], await r.text())
const su = await fetch(workerd.url + '/api/auth/admin-sign-up', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ email: 'a@b.c', name: 'A', password: 'password1' }),
})
console.log(su.status, await su.text())
const li = await fetch(workerd.url + '/api/auth/login', {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'cf-connecting-ip': '9.9.9.9' },
  body: JSON.stringify({ email: 'a@b.c', password: 'password1' }),
})
console.log(li.status, [...li.headers])
const tok = (await li.json()).accessToken
for (const p of [
  '/api/server/storage',
  '/api/server/about',
  '/api/nope',
  '/photos/abc',
  '/assets/main-1a2b.js',
  '/assets/none.js',
  '/.well-known/immich',
  '/api/openapi.json',
]) {
  const x = await fetch(workerd.url + p, { headers: { authorization: 'Bearer ' + tok } })
  console.log(
    p,
    x.status,
    x.headers.get('content-type'),
    x.headers.get('cache-control'),
    (await x.text()).slice(0, 200),
  )
}
console.log(workerd.lines())
const dev = await startWranglerDev(folder, {
  ...(await variablesOfOwn()),
  S3_PUBLIC_URL: 'http://127.0.0.1:9001',
})
const d = await fetch(dev.url + '/')
console.log(d.status, [...d.headers], await d.text())
console.log(dev.lines())
test('x', () => {})
