import { expect, test } from 'vitest'
import { ApiKeyCreateResponseDto } from '#contracts/api/api-keys.ts'
import { Permission } from '#contracts/permissions.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { app } from '../edge/app.ts'
import { accessOf, describeRoutes, type Route } from '../edge/openapi/document.ts'

/** What answers without a session. Every other route of the table must refuse. */
const OPEN = [
  'GET /*',
  'GET /.well-known/immich',
  'GET /api/openapi.json',
  'GET /api/server/config',
  'GET /api/server/features',
  'GET /api/server/media-types',
  'GET /api/server/ping',
  'GET /api/server/version',
  'GET /api/server/version-history',
  'POST /api/auth/admin-sign-up',
  'POST /api/auth/login',
]

const edge = await createTestEdge()
const user = await edge.newUser()

const routes = describeRoutes(app.routes).map((route) => ({
  ...route,
  name: `${route.method} ${route.path}`,
}))
const closed = routes.filter(({ name }) => !OPEN.includes(name))
const needing = closed.filter((route) => permissionOf(route) !== undefined)
const forAdmins = closed.filter((route) => accessOf(route)?.kind === 'admin')

function permissionOf(route: Route) {
  const access = accessOf(route)
  return access && access.kind !== 'public' ? access.permission : undefined
}

const pathOf = ({ path }: Route) =>
  path.replace(/:\w+(?:\{[^}]*\})?/g, '01930000-0000-7000-8000-000000000000')

/** A key outlives the sessions that some routes end. */
async function keyFor(owner: TestUser): Promise<string> {
  const made = await edge.as(owner).post('/api/api-keys', { permissions: ['all'] })
  return ApiKeyCreateResponseDto.parse(await made.json()).secret
}
const [adminKey, userKey] = [await keyFor(edge.admin), await keyFor(user)]

async function keyWith(route: Route, isWanted: (permission: Permission) => boolean) {
  const permissions = Permission.options.filter((one) => one !== 'all' && isWanted(one))
  const holder = accessOf(route)?.kind === 'admin' ? adminKey : userKey
  const made = await edge.withKey(holder).post('/api/api-keys', { permissions })
  return edge.withKey(ApiKeyCreateResponseDto.parse(await made.json()).secret)
}

test('the open routes are these and no others', () => {
  const open = routes.filter((route) => accessOf(route)?.kind === 'public' || route.path === '/*')

  expect(open.map(({ name }) => name).sort()).toEqual(OPEN)
})

test.each(closed)('$name answers 401 without a session', async (route) => {
  const response = await edge.request(pathOf(route), { method: route.method })

  expect(response.status).toBe(401)
  expect(await response.json()).toEqual({ message: 'Authentication required' })
})

test.each(closed)('$name answers 401 with a made-up token', async (route) => {
  const response = await edge
    .as({ token: 'made-up' })
    .request(pathOf(route), { method: route.method })

  expect(response.status).toBe(401)
})

test.each(needing)('$name refuses an API key without its permission', async (route) => {
  const withAllOthers = await keyWith(route, (one) => one !== permissionOf(route))

  const response = await withAllOthers.request(pathOf(route), { method: route.method })

  expect(response.status).toBe(403)
  expect(await response.json()).toEqual({
    message: `Missing required permission: ${permissionOf(route)}`,
  })
})

test.each(forAdmins)(
  "$name is for administrators, also by a key of somebody else's",
  async (route) => {
    const response = await edge.withKey(userKey).request(pathOf(route), { method: route.method })

    expect(response.status).toBe(403)
  },
)

test.each(forAdmins)('$name is for administrators', async (route) => {
  const response = await edge.as(user).request(pathOf(route), { method: route.method })

  expect(response.status).toBe(403)
  expect(await response.json()).toEqual({ message: 'Forbidden' })
})

test.each(needing)('$name admits an API key with its permission alone', async (route) => {
  const withThatOne = await keyWith(route, (one) => one === permissionOf(route))

  const response = await withThatOne.request(pathOf(route), { method: route.method })

  expect([401, 403]).not.toContain(response.status)
})
