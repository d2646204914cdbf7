import { expect, test } from 'vitest'
import { DEFAULT_PREFERENCES } from '#contracts/api/user-preferences.ts'
import { createTestEdge } from '#test/helpers/edge.ts'

const edge = await createTestEdge()

test('a user changes name, address and colour', async () => {
  const user = await edge.newUser()
  const email = `New-${user.email}`

  const response = await edge
    .as(user)
    .put('/api/users/me', { name: 'Änne 📷', email, avatarColor: 'red' })

  expect(response.status).toBe(200)
  expect(await (await edge.as(user).get('/api/users/me')).json()).toMatchObject({
    name: 'Änne 📷',
    email: email.toLowerCase(),
    avatarColor: 'red',
    license: null,
    status: 'active',
  })
})

test('an address that somebody has is refused', async () => {
  const [alice, bob] = [await edge.newUser(), await edge.newUser()]

  const response = await edge.as(bob).put('/api/users/me', { email: alice.email })

  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ message: 'Email already in use by another account' })
})

test('users see each other without what is private', async () => {
  const [alice, bob] = [await edge.newUser(), await edge.newUser()]

  const listed = await (await edge.as(alice).get('/api/users')).json()
  const found = await (await edge.as(alice).get(`/api/users/${bob.id}`)).json()

  expect(listed.map(({ id }: { id: string }) => id)).toContain(bob.id)
  expect(Object.keys(found).sort()).toEqual([
    'avatarColor',
    'email',
    'id',
    'name',
    'profileChangedAt',
    'profileImagePath',
  ])
})

test('removed users are not found', async () => {
  const [alice, bob] = [await edge.newUser(), await edge.newUser()]
  await edge.as(edge.admin).delete(`/api/admin/users/${bob.id}`, {})

  const response = await edge.as(alice).get(`/api/users/${bob.id}`)

  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ message: 'User not found' })
})

test("preferences begin with Immich's defaults", async () => {
  const user = await edge.newUser()

  const preferences = await (await edge.as(user).get('/api/users/me/preferences')).json()

  expect(preferences).toEqual(DEFAULT_PREFERENCES)
})

test('changes of different sections at the same time both stay', async () => {
  const user = await edge.newUser()
  const change = (body: object) => edge.as(user).put('/api/users/me/preferences', body)

  await Promise.all([
    change({ memories: { duration: 9 } }),
    change({ memories: { enabled: false } }),
    change({ folders: { enabled: true } }),
  ])

  const preferences = await (await edge.as(user).get('/api/users/me/preferences')).json()
  expect(preferences).toEqual({
    ...DEFAULT_PREFERENCES,
    memories: { enabled: false, duration: 9 },
    folders: { enabled: true, sidebarWeb: false },
  })
})

test('onboarding is remembered, told at login and forgotten', async () => {
  const user = await edge.newUser()
  const read = async () => (await edge.as(user).get('/api/users/me/onboarding')).json()

  await edge.as(user).put('/api/users/me/onboarding', { isOnboarded: true })
  const login = await (await edge.anonymous.post('/api/auth/login', user)).json()
  const remembered = await read()
  await edge.as(user).delete('/api/users/me/onboarding')

  expect(login.isOnboarded).toBe(true)
  expect(remembered).toEqual({ isOnboarded: true })
  expect(await read()).toEqual({ isOnboarded: false })
})

test('nobody has a licence, and none is accepted', async () => {
  const licenseKey = 'IMCL-0KEY-0CAN-00BE-FOUD-FROM-YOUR-EMAIL-INBX'
  const activationKey = 'made up'

  const [read, set] = await Promise.all([
    edge.as(edge.admin).get('/api/users/me/license'),
    edge.as(edge.admin).put('/api/users/me/license', { licenseKey, activationKey }),
  ])

  expect(read.status).toBe(404)
  expect(set.status).toBe(400)
})
