import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { outbox } from '#db/schema/outbox.ts'
import { users } from '#db/schema/users.ts'
import { createTestEdge } from '#test/helpers/edge.ts'

const edge = await createTestEdge()
const admin = edge.as(edge.admin)

const jobsFor = async (userId: string) =>
  await edge.db
    .select()
    .from(outbox)
    .where(eq(outbox.dedupeKey, `delete-user:${userId}`))

test('an administrator makes a user with a quota', async () => {
  const account = edge.newAccount()

  const response = await admin.post('/api/admin/users', {
    ...account,
    quotaSizeInBytes: 5_000_000_000_000,
    storageLabel: 'a/b..c',
    shouldChangePassword: true,
  })

  expect(response.status).toBe(201)
  expect(await response.json()).toMatchObject({
    email: account.email,
    isAdmin: false,
    quotaSizeInBytes: 5_000_000_000_000,
    quotaUsageInBytes: 0,
    storageLabel: 'abc',
    shouldChangePassword: true,
    deletedAt: null,
  })
})

test('an address can be had once', async () => {
  const user = await edge.newUser()

  const response = await admin.post('/api/admin/users', { ...edge.newAccount(), email: user.email })

  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ message: 'User exists' })
})

test('a user is limited, renamed, given another password and made an administrator', async () => {
  const user = await edge.newUser()

  const response = await admin.put(`/api/admin/users/${user.id}`, {
    name: 'Other',
    quotaSizeInBytes: 1000,
    password: 'another password',
    isAdmin: true,
  })

  expect(await response.json()).toMatchObject({
    name: 'Other',
    quotaSizeInBytes: 1000,
    isAdmin: true,
  })
  const again = await edge.logIn({ ...user, password: 'another password' })
  expect((await edge.as(again).get('/api/admin/users')).status).toBe(200)
})

test('the limit is taken away with null', async () => {
  const user = await edge.newUser({ quotaSizeInBytes: 1000 })

  const response = await admin.put(`/api/admin/users/${user.id}`, { quotaSizeInBytes: null })

  expect(await response.json()).toMatchObject({ quotaSizeInBytes: null })
})

test('administrators cannot step down or remove themselves', async () => {
  const path = `/api/admin/users/${edge.admin.id}`

  const [stepped, removed] = [
    await admin.put(path, { isAdmin: false }),
    await admin.delete(path, {}),
  ]

  expect(stepped.status).toBe(400)
  expect(removed.status).toBe(403)
})

test('a removed user waits for deletion, is listed on demand and can be brought back', async () => {
  const user = await edge.newUser()
  const path = `/api/admin/users/${user.id}`
  const listed = async (query: string) =>
    (await (await admin.get(`/api/admin/users${query}`)).json()).map(({ id }: { id: string }) => id)

  const removed = await (await admin.delete(path, {})).json()
  const [job] = await jobsFor(user.id)
  const [withDeleted, without] = [await listed('?withDeleted=true'), await listed('')]
  const restored = await (await admin.post(`${path}/restore`)).json()

  expect(removed).toMatchObject({ status: 'deleted', deletedAt: expect.any(String) })
  const daysLeft = ((job?.runAfter.getTime() ?? 0) - Date.now()) / 86_400_000
  expect(daysLeft).toBeGreaterThan(6.9)
  expect(daysLeft).toBeLessThanOrEqual(7)
  expect(withDeleted).toContain(user.id)
  expect(without).not.toContain(user.id)
  expect(restored).toMatchObject({ status: 'active', deletedAt: null })
  expect(await jobsFor(user.id)).toEqual([])
  await expect(edge.logIn(user)).resolves.toBeDefined()
})

test('with force the deletion is due at once, also for one who was removed before', async () => {
  const user = await edge.newUser()
  await admin.delete(`/api/admin/users/${user.id}`, {})

  const removed = await (await admin.delete(`/api/admin/users/${user.id}`, { force: true })).json()

  const jobs = await jobsFor(user.id)
  expect(removed).toMatchObject({ status: 'removing' })
  expect(jobs).toHaveLength(1)
  expect(jobs[0]).toMatchObject({ name: 'delete-user', payload: { userId: user.id } })
  expect(jobs[0]?.runAfter.getTime()).toBeLessThanOrEqual(Date.now() + 1000)
  expect((await admin.post(`/api/admin/users/${user.id}/restore`)).status).toBe(400)
})

test('the request is named in the job it caused', async () => {
  const user = await edge.newUser()

  const response = await admin.request(`/api/admin/users/${user.id}`, {
    method: 'DELETE',
    headers: { 'content-type': 'application/json', 'x-correlation-id': 'request-0815' },
    body: '{}',
  })

  expect(response.headers.get('x-correlation-id')).toBe('request-0815')
  expect((await jobsFor(user.id))[0]).toMatchObject({ requestId: 'request-0815' })
})

test('a user without assets has none', async () => {
  const user = await edge.newUser()

  const response = await admin.get(`/api/admin/users/${user.id}/statistics`)

  expect(await response.json()).toEqual({ images: 0, videos: 0, total: 0 })
})

test("sessions and preferences of a user are the administrator's to see and set", async () => {
  const user = await edge.newUser()
  const path = `/api/admin/users/${user.id}`

  const sessions = await (await admin.get(`${path}/sessions`)).json()
  await admin.put(`${path}/preferences`, { avatar: { color: 'green' }, tags: { enabled: true } })

  expect(sessions).toHaveLength(1)
  expect(sessions[0]).toMatchObject({ current: false })
  expect(await (await edge.as(user).get('/api/users/me/preferences')).json()).toMatchObject({
    tags: { enabled: true, sidebarWeb: false },
  })
  const [row] = await edge.db.select().from(users).where(eq(users.id, user.id))
  expect(row?.avatarColor).toBe('green')
})

test('a user who does not exist', async () => {
  const path = '/api/admin/users/01930000-0000-7000-8000-000000000000'

  const responses = await Promise.all([
    admin.get(path),
    admin.put(path, { name: 'Nobody' }),
    admin.delete(path, {}),
    admin.get(`${path}/preferences`),
  ])

  const bodies = await Promise.all(
    responses.map(async (response) => [response.status, await response.json()]),
  )
  expect(bodies).toEqual(bodies.map(() => [400, { message: 'User not found' }]))
})
