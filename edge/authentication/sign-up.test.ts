import { sql } from 'drizzle-orm'
import { beforeEach, expect, test } from 'vitest'
import { createTestEdge } from '#test/helpers/edge.ts'

const CODE = 'correct-horse-battery'
const edge = await createTestEdge({ SIGNUP_CODE: CODE })

beforeEach(async () => {
  await edge.db.execute(sql`delete from users`)
  await edge.db.execute(sql`delete from login_attempts`)
})

const signUp = (body: object, headers = {}) =>
  edge.request('/api/auth/admin-sign-up', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...edge.newAccount(), ...body }),
  })

test.each([
  ['in the body', { signupCode: CODE }, {}],
  ['in a header', {}, { 'x-signup-code': CODE }],
])('a server that is open to the network takes the code %s', async (_, body, headers) => {
  const response = await signUp(body, headers)

  expect(response.status).toBe(201)
  expect(await response.json()).toMatchObject({ isAdmin: true, storageLabel: 'admin' })
})

test.each([
  ['no code', {}],
  ['a wrong code', { signupCode: 'incorrect-horse-battery' }],
])('with %s nobody becomes the administrator', async (_, body) => {
  const response = await signUp(body)

  const config = await (await edge.anonymous.get('/api/server/config')).json()
  expect(response.status).toBe(403)
  expect(config).toMatchObject({ isInitialized: false, signupCodeRequired: true })
})

test('the code cannot be guessed at will', async () => {
  for (let round = 0; round < 10; round += 1) await signUp({ signupCode: `guess ${round}` })

  const response = await signUp({ signupCode: CODE })

  expect(response.status).toBe(429)
})

test('of many first sign-ups at the same time one succeeds', async () => {
  const responses = await Promise.all(Array.from({ length: 8 }, () => signUp({ signupCode: CODE })))

  const statuses = responses.map(({ status }) => status).sort()
  expect(statuses).toEqual([201, ...Array.from({ length: 7 }, () => 400)])
  const { rows } = await edge.db.execute<{ admins: string }>(
    sql`select count(*) as admins from users where is_admin`,
  )
  expect(Number(rows[0]?.admins)).toBe(1)
})

test('a short password and a name of spaces are told by field', async () => {
  const response = await signUp({ password: 'short', name: '  ' })

  const body = await response.json()
  expect(response.status).toBe(400)
  expect(body.message).toBe('Validation failed')
  expect(body.errors.map((issue: { path: string[] }) => issue.path.join('.')).sort()).toEqual([
    'name',
    'password',
  ])
})
