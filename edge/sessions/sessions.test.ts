import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { connectPg } from '#db/node.ts'
import { sessions } from '#db/schema/users.ts'
import { createTestEdge } from '#test/helpers/edge.ts'

const edge = await createTestEdge()

const PHONE = {
  'user-agent': 'immich-android/3.0.3',
  devicemodel: 'Pixel 9',
  devicetype: 'Android',
}

/** The trigger would write the present time. */
async function ageSessions(ownerUrl: string) {
  await using owner = connectPg({ url: ownerUrl, max: 1 })
  await owner.execute(sql`alter table sessions disable trigger user`)
  await owner.execute(sql`update sessions set updated_at = now() - interval '2 hours'`)
  await owner.execute(sql`alter table sessions enable trigger user`)
}

test('a session knows its device and which one is asking', async () => {
  const user = await edge.newUser()
  await edge.request('/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...PHONE },
    body: JSON.stringify(user),
  })

  const listed = await (await edge.as(user).get('/api/sessions')).json()

  expect(listed).toHaveLength(2)
  expect(listed.filter(({ current }: { current: boolean }) => current)).toHaveLength(1)
  expect(listed[0]).toMatchObject({
    current: false,
    deviceType: 'Pixel 9',
    deviceOS: 'Android',
    appVersion: '3.0.3',
    isPendingSyncReset: false,
  })
})

test('a revoked session is out at once', async () => {
  const user = await edge.newUser()
  const other = await edge.logIn(user)
  const listed = await (await edge.as(user).get('/api/sessions')).json()
  const { id } = listed.find(({ current }: { current: boolean }) => !current)

  const revoked = await edge.as(user).delete(`/api/sessions/${id}`)

  expect(revoked.status).toBe(204)
  expect((await edge.as(other).get('/api/users/me')).status).toBe(401)
  expect((await edge.as(user).get('/api/users/me')).status).toBe(200)
})

test('all others can be revoked together', async () => {
  const user = await edge.newUser()
  const others = await Promise.all([edge.logIn(user), edge.logIn(user)])

  const revoked = await edge.as(user).delete('/api/sessions')

  expect(revoked.status).toBe(204)
  const statuses = await Promise.all(
    [user, ...others].map(async (each) => (await edge.as(each).get('/api/users/me')).status),
  )
  expect(statuses).toEqual([200, 401, 401])
})

test("another user's session is as good as missing", async () => {
  const [alice, bob] = [await edge.newUser(), await edge.newUser()]
  const [session] = await (await edge.as(alice).get('/api/sessions')).json()
  const missing = '01930000-0000-7000-8000-000000000000'

  const answers = await Promise.all(
    [session.id, missing].map(async (id) => {
      const response = await edge.as(bob).delete(`/api/sessions/${id}`)
      return [response.status, await response.json()]
    }),
  )

  const refusal = [400, { message: 'Not found or no authDevice.delete access' }]
  expect(answers).toEqual([refusal, refusal])
  expect((await edge.as(alice).get('/api/users/me')).status).toBe(200)
})

test('a session made for a device ends when its time is over', async () => {
  const user = await edge.newUser()
  const made = await edge.as(user).post('/api/sessions', { duration: 3600, deviceType: 'TV' })
  const { id, token, expiresAt } = await made.json()

  expect(made.status).toBe(201)
  expect(new Date(expiresAt).getTime()).toBeGreaterThan(Date.now() + 3_500_000)
  expect((await edge.as({ token }).get('/api/users/me')).status).toBe(200)

  await edge.db
    .update(sessions)
    .set({ expiresAt: new Date(0) })
    .where(eq(sessions.id, id))

  expect((await edge.as({ token }).get('/api/users/me')).status).toBe(401)
})

test('use is noted at most hourly, with the version of the app', async () => {
  const user = await edge.newUser()
  const stored = async () =>
    (await edge.db.select().from(sessions).where(eq(sessions.userId, user.id)))[0]
  const made = await stored()
  const use = () => edge.as(user).request('/api/users/me', { headers: PHONE })

  await use()
  const soon = await stored()
  await ageSessions(edge.database.ownerUrl)
  await use()

  expect(soon).toEqual(made)
  expect(await stored()).toMatchObject({ appVersion: '3.0.3', deviceType: made?.deviceType })
  expect((await stored())?.updatedAt.getTime()).toBeGreaterThan(Date.now() - 60_000)
})

test('logging out ends the session and takes the cookies', async () => {
  const user = await edge.newUser()

  const response = await edge.as(user).post('/api/auth/logout')

  expect(await response.json()).toEqual({
    successful: true,
    redirectUri: '/auth/login?autoLaunch=0',
  })
  const cookies = response.headers.getSetCookie()
  expect(cookies).toHaveLength(3)
  expect(cookies.every((cookie) => cookie.includes('Max-Age=0'))).toBe(true)
  expect((await edge.as(user).post('/api/auth/validateToken')).status).toBe(401)
})

test.each([
  ['x-immich-user-token', (token: string) => ({ headers: { 'x-immich-user-token': token } })],
  ['x-immich-session-token', (token: string) => ({ headers: { 'x-immich-session-token': token } })],
  ['the cookie', (token: string) => ({ headers: { cookie: `immich_access_token=${token}` } })],
  ['Bearer', (token: string) => ({ headers: { authorization: `Bearer ${token}` } })],
])('the token is taken from %s', async (_, init) => {
  const { token } = await edge.newUser()

  const response = await edge.request('/api/auth/validateToken', { method: 'POST', ...init(token) })

  expect(await response.json()).toEqual({ authStatus: true })
})

test('the token is taken from the query, and no answer repeats it', async () => {
  const { token } = await edge.newUser()

  const response = await edge.request(`/api/auth/validateToken?sessionKey=${token}`, {
    method: 'POST',
  })

  expect(await response.json()).toEqual({ authStatus: true })
  expect(JSON.stringify([...response.headers])).not.toContain(token)
})

test('a changed password can end the other sessions', async () => {
  const user = await edge.newUser({ shouldChangePassword: true })
  const other = await edge.logIn(user)

  const response = await edge.as(user).post('/api/auth/change-password', {
    password: user.password,
    newPassword: 'another password',
    invalidateSessions: true,
  })

  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ shouldChangePassword: false })
  expect((await edge.as(other).get('/api/users/me')).status).toBe(401)
  expect((await edge.as(user).get('/api/users/me')).status).toBe(200)
  await expect(edge.logIn({ ...user, password: 'another password' })).resolves.toBeDefined()
})

test('without the old password it is not changed', async () => {
  const user = await edge.newUser()

  const response = await edge.as(user).post('/api/auth/change-password', {
    password: 'not the password',
    newPassword: 'another password',
  })

  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ message: 'Wrong password' })
})

test('the status tells what can be proven', async () => {
  const user = await edge.newUser({ pinCode: '123456' })

  const status = await (await edge.as(user).get('/api/auth/status')).json()

  expect(status).toEqual({ password: true, pinCode: true, isElevated: false })
})
