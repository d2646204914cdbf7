import { beforeAll, describe, expect, test } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { createNodeStorage } from '#storage/node.ts'
import { seedDerivatives } from '#test/helpers/derivatives.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { uploadAsset } from '#test/helpers/forms.ts'
import { beginUpload } from '#test/helpers/presigned.ts'
import { app } from '../edge/app.ts'
import { describeRoutes } from '../edge/openapi/document.ts'

const edge = await createTestEdge()
const storage = createNodeStorage(edge.bucket)
let alice: TestUser
let bob: TestUser
/** Alice's, in every state that an asset can be in. */
const states = ['active', 'archived', 'hidden', 'trashed', 'locked'] as const
const aliceAssets = new Map<string, AssetId>()
let aliceUpload: string

beforeAll(async () => {
  ;[alice, bob] = [await edge.newUser(), await edge.newUser()]
  const visibilities = {
    active: 'timeline',
    archived: 'archive',
    hidden: 'hidden',
    trashed: 'timeline',
    locked: 'locked',
  }
  for (const state of states) {
    const fields = { visibility: visibilities[state] }
    const id = await uploadAsset(edge, alice, { fields, fileName: 'secret.mp4' })
    await seedDerivatives(edge, { ownerId: alice.id, assetId: id })
    aliceAssets.set(state, id)
  }
  await edge.as(alice).delete('/api/assets', { ids: [aliceAssets.get('trashed')] })
  aliceUpload = (await beginUpload(edge, alice, { fileName: 'secret.jpg' })).id
})

/** What each route takes besides ids; a route that is not named takes nothing. */
const BODIES: Record<string, (id: AssetId) => unknown> = {
  'PUT /api/assets': (id) => ({ ids: [id], isFavorite: true, description: 'stolen' }),
  'DELETE /api/assets': (id) => ({ ids: [id], force: true }),
  'PUT /api/assets/:id': () => ({ description: 'stolen', visibility: 'timeline' }),
  'POST /api/assets/urls': (id) => ({ ids: [id] }),
  'POST /api/assets/states': (id) => ({ ids: [id] }),
  'POST /api/assets/bulk-upload-check': () => ({ assets: [] }),
  'POST /api/trash/restore/assets': (id) => ({ ids: [id] }),
}

const QUERIES: Record<string, string> = {
  'GET /api/timeline/bucket': '?timeBucket=2024-05-01',
}

const routes = describeRoutes(app.routes)
  .map(({ method, path }) => ({ method, path, name: `${method} ${path}` }))
  .filter(({ path }) => /^\/api\/(assets|timeline|trash|uploads)(\/|$)/.test(path))
const named = routes.filter(({ path }) => path.includes(':id') && !path.startsWith('/api/uploads'))
const uploadRoutes = routes.filter(({ path }) => path.startsWith('/api/uploads/:id'))

const cases = routes
  .filter(({ path, name }) => !path.startsWith('/api/uploads') && name !== 'POST /api/assets')
  .flatMap((route) => states.map((state) => ({ ...route, state })))

function send(
  user: TestUser,
  { method, path, name }: { method: string; path: string; name: string },
  id: string,
) {
  const body = BODIES[name]?.(id as AssetId)
  return edge.as(user).request(path.replace(':id', id) + (QUERIES[name] ?? ''), {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

async function snapshot() {
  const { rows } = await edge.db.execute(
    `select a.*, e.description, e.rating from assets a join asset_exif e on e.asset_id = a.id
     where owner_id = '${alice.id}' order by a.id`,
  )
  const { rows: uploads } = await edge.db.execute(
    `select * from uploads where owner_id = '${alice.id}' order by id`,
  )
  const { objects } = await storage.list('')
  return {
    rows,
    uploads,
    keys: objects.map(({ key }) => key).filter((key) => key.includes(alice.id)),
  }
}

test('the routes of assets are tried, all of them', () => {
  expect(named.length).toBeGreaterThanOrEqual(5)
  expect(uploadRoutes.length).toBeGreaterThanOrEqual(4)
})

describe.each(states)('an asset that is %s', (state) => {
  test.each(named)('answers $name to another user as if it were not there', async (route) => {
    const foreign = await send(bob, route, aliceAssets.get(state) ?? '')
    const missing = await send(bob, route, '01930000-0000-7000-8000-000000000000')

    expect(foreign.status).toBe(400)
    expect(await foreign.json()).toEqual(await missing.json())
  })
})

test.each(cases)(
  '$name tells another user nothing of an asset that is $state, and changes nothing',
  async (route) => {
    const id = aliceAssets.get(route.state) ?? ''
    const before = await snapshot()

    const response = await send(bob, route, id)

    expect(await response.text()).not.toContain(id)
    expect(await snapshot()).toEqual(before)
  },
)

test.each(uploadRoutes)('$name keeps an upload from another user', async (route) => {
  const before = await snapshot()

  const foreign = await send(bob, route, aliceUpload)
  const missing = await send(bob, route, '01930000-0000-7000-8000-000000000000')

  expect(foreign.status).toBe(404)
  expect(await foreign.json()).toEqual(await missing.json())
  expect(await snapshot()).toEqual(before)
})

test("the administrator sees no one else's assets either", async () => {
  const id = aliceAssets.get('active') ?? ''

  expect((await edge.as(edge.admin).get(`/api/assets/${id}`)).status).toBe(400)
  expect((await edge.as(edge.admin).get(`/api/assets/${id}/original`)).status).toBe(400)
})

test('what is locked stays out of every answer without the PIN', async () => {
  const locked = aliceAssets.get('locked') ?? ''
  const paths = [
    '/api/timeline/buckets',
    '/api/timeline/bucket?timeBucket=2024-05-01',
    '/api/uploads',
  ]
  const answers = await Promise.all(
    paths.map(async (path) => await (await edge.as(alice).get(path)).text()),
  )
  const posted = await Promise.all(
    ['/api/assets/urls', '/api/assets/states'].map(async (path) =>
      (await edge.as(alice).post(path, { ids: [locked] })).text(),
    ),
  )

  for (const text of [...answers, ...posted]) expect(text).not.toContain(locked)
  for (const route of named) expect((await send(alice, route, locked)).status).toBe(400)
})
