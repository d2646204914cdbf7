import { hash } from '@node-rs/bcrypt'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { users } from '#db/schema/users.ts'
import { createTestEdge } from '#test/helpers/edge.ts'
import { PASSWORD_COST } from '../../gateway/passwords.ts'

// What a password costs is part of what is told apart here.
const edge = await createTestEdge({}, { passwordCost: PASSWORD_COST })

const ADDRESS = '198.51.100.7'
/** How Cloudflare and wrangler dev tell the peer; in Node there is no socket to ask. */
const from = (address: string) => ({ 'cf-connecting-ip': address })

const attempt = (account: { email: string; password: string }, headers = {}) =>
  edge.request('/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(account),
  })

const cookiesOf = (response: Response) =>
  Object.fromEntries(
    response.headers.getSetCookie().map((cookie) => {
      const [pair = '', ...attributes] = cookie.split('; ')
      const [name = '', value] = pair.split('=')
      return [
        name,
        { value, attributes: attributes.filter((a) => !a.startsWith('Expires')).sort() },
      ]
    }),
  )

const passwordHashOf = async (id: string) => {
  const [row] = await edge.db
    .select()
    .from(users)
    .where(eq(users.id, id as never))
  return row?.passwordHash
}

test('the first sign-up makes the administrator, and there is no second one', async () => {
  const second = await edge.anonymous.post('/api/auth/admin-sign-up', edge.newAccount())

  expect(second.status).toBe(400)
  expect(await second.json()).toEqual({ message: 'The server already has an admin' })
})

test('a login answers with the token and the three cookies of the Immich apps', async () => {
  const response = await attempt(edge.admin)

  const login = await response.json()
  expect(response.status).toBe(201)
  expect(login).toMatchObject({
    userEmail: edge.admin.email,
    isAdmin: true,
    shouldChangePassword: false,
    isOnboarded: false,
    profileImagePath: '',
  })
  const shared = ['Max-Age=34560000', 'Path=/', 'SameSite=Lax']
  expect(cookiesOf(response)).toEqual({
    immich_access_token: { value: login.accessToken, attributes: ['HttpOnly', ...shared] },
    immich_auth_type: { value: 'password', attributes: ['HttpOnly', ...shared] },
    immich_is_authenticated: { value: 'true', attributes: shared },
  })
})

test('an address is the same in capitals', async () => {
  const user = await edge.newUser()

  const response = await attempt({ ...user, email: user.email.toUpperCase() })

  expect(response.status).toBe(201)
})

test.each(['wrong password', 'unknown account'])('%s: the answer is the same', async (which) => {
  const user = await edge.newUser()
  const email = which === 'unknown account' ? `not-${user.email}` : user.email

  const response = await attempt({ email, password: 'not the password' })

  expect(response.status).toBe(401)
  expect(await response.json()).toEqual({ message: 'Incorrect email or password' })
  expect(response.headers.getSetCookie()).toEqual([])
})

test('an unknown account takes as long as a wrong password', async () => {
  const user = await edge.newUser()
  const took = async (email: string) => {
    const startedAt = performance.now()
    await attempt({ email, password: 'not the password' })
    return performance.now() - startedAt
  }
  const known: number[] = []
  const unknown: number[] = []
  const ratio = () => Math.min(...unknown) / Math.min(...known)
  const isAlike = () => ratio() > 0.5 && ratio() < 2
  // However busy the machine is, the fastest of more and more tries comes near to what the work itself takes.
  for (let round = 0; round < 5 || (round < 50 && !isAlike()); round += 1) {
    await edge.db.execute('delete from login_attempts')
    known.push(await took(user.email))
    unknown.push(await took(`none-${user.email}`))
  }

  expect(ratio()).toBeGreaterThan(0.5)
  expect(ratio()).toBeLessThan(2)
})

test('a bcrypt hash of another server is accepted and becomes argon2id', async () => {
  const user = await edge.newUser()
  const passwordHash = await hash(user.password, { cost: 4 })
  await edge.db.update(users).set({ passwordHash }).where(eq(users.id, user.id))

  const first = await attempt(user)

  expect(first.status).toBe(201)
  expect(await passwordHashOf(user.id)).toMatch(/^\$argon2id\$/)
  expect((await attempt(user)).status).toBe(201)
})

test('a removed user cannot log in, nor use an open session', async () => {
  const user = await edge.newUser()
  await edge.as(edge.admin).delete(`/api/admin/users/${user.id}`, {})

  const [login, me] = [await attempt(user), await edge.as(user).get('/api/users/me')]

  expect(login.status).toBe(401)
  expect(me.status).toBe(401)
})

test('an account is refused after ten failures, even with the right password, and told how long', async () => {
  const user = await edge.newUser()
  const wrong = { ...user, password: 'not the password' }

  const statuses = await Promise.all(
    Array.from({ length: 12 }, async () => (await attempt(wrong)).status),
  )
  const right = await attempt(user)

  expect(statuses.filter((status) => status === 401)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(2)
  expect(right.status).toBe(429)
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(right.headers.get('retry-after'))).toBeLessThanOrEqual(300)
})

test('an address is refused after thirty failures over many accounts; another one is not', async () => {
  const user = await edge.newUser()
  const guesses = Array.from({ length: 31 }, (_, index) => ({
    email: `guess-${index}@example.com`,
    password: 'not the password',
  }))
  for (const guess of guesses) await attempt(guess, from(ADDRESS))

  const [same, other] = await Promise.all([
    attempt(user, from(ADDRESS)),
    attempt(user, from('198.51.100.8')),
  ])

  expect(same.status).toBe(429)
  expect(other.status).toBe(201)
})

test('a success clears the failures of the account', async () => {
  const user = await edge.newUser()
  const wrong = { ...user, password: 'not the password' }
  for (let round = 0; round < 9; round += 1) await attempt(wrong)
  await attempt(user)

  for (let round = 0; round < 9; round += 1) await attempt(wrong)

  expect((await attempt(user)).status).toBe(201)
})
