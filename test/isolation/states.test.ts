import { beforeAll, describe, expect, test } from 'vitest'
import { hasVectors } from '#db/queries/vectors.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { fillLibrary, type Library, PLACE, type State } from './library.ts'

/** What its own owner is not shown: in a session without the PIN, and by an API key that may do everything. */
const edge = await createTestEdge()
let alice: TestUser
let own: Library
type Ask = { path: string; body?: unknown; method?: string }

beforeAll(async () => {
  alice = await edge.newUser()
  own = await fillLibrary(edge, alice, 'Secret')
})

const proofs = [
  ['a session without the PIN', () => edge.as(alice)],
  ['an API key that may do everything', () => edge.withKey(own.apiKey.secret)],
] as const
type Sender = ReturnType<(typeof proofs)[number][1]>

const json = { 'content-type': 'application/json' }
const send = (as: Sender, { path, body, method = body ? 'POST' : 'GET' }: Ask) =>
  as.request(`/api/${path}`, {
    method,
    ...(body !== undefined && { headers: json, body: JSON.stringify(body) }),
  })

const month = 'timeBucket=2024-05-01&withCoordinates=true'
const { latitude, longitude } = PLACE
const box = `${longitude - 1},${latitude - 1},${longitude + 1},${latitude + 1}`
/** Every list in which an asset, or what is known of one, can stand. */
const LISTS: Ask[] = [
  ...['', '&isTrashed=true', '&visibility=hidden', '&visibility=archive'].flatMap((query) => [
    { path: `timeline/bucket?${month}${query}` },
    { path: `timeline/bucket?${month}${query}&bbox=${box}` },
  ]),
  ...['metadata', 'random', 'statistics'].map((name) => ({ path: `search/${name}`, body: {} })),
  ...['timeline', 'archive', 'hidden'].flatMap((visibility) => [
    {
      path: 'search/metadata',
      body: { visibility, withDeleted: true, withExif: true, withPeople: true },
    },
    { path: 'search/random', body: { visibility, withDeleted: true, withExif: true } },
    { path: `search/large-assets?visibility=${visibility}&withDeleted=true`, method: 'POST' },
  ]),
  { path: 'search/large-assets', method: 'POST' },
  ...['country', 'state', 'city', 'camera-make', 'camera-model', 'camera-lens-model'].map(
    (type) => ({ path: `search/suggestions?type=${type}` }),
  ),
  ...['explore', 'cities', 'places?name=Secret', 'person?name=Secret&withHidden=true'].map(
    (name) => ({ path: `search/${name}` }),
  ),
  ...['map/markers', 'map/markers?isArchived=true', 'albums', 'people?withHidden=true'].map(
    (path) => ({ path }),
  ),
]
/** As they are: neither asked for by their visibility nor by their place in the trash. */
const isPlain = ({ path, body }: Ask) =>
  !/isTrashed|visibility/.test(path) && !JSON.stringify(body ?? {}).includes('visibility')

describe.each(proofs)('%s', (_, as) => {
  const wordsIn = async (ask: Ask) => {
    const response = await send(as(), ask)
    expect(response.status, ask.path).toBeLessThan(300)
    const text = await response.text()
    const shows = ({ id, word, face }: Library['assets'][number]) =>
      [id, face].some((part) => text.includes(part)) || new RegExp(`${word}\\b`).test(text)
    return own.assets.filter(shows)
  }
  const listed = (states: State[]) => states.map((state) => own.of(state))

  test.each(LISTS)('$path shows nothing of the locked folder %o', async (ask) => {
    const shown = await wordsIn(ask)

    for (const asset of listed(['locked', 'still', 'motion'])) expect(shown).not.toContain(asset)
  })

  test.each(LISTS.filter(isPlain))('$path shows nothing hidden or trashed', async (ask) => {
    const shown = await wordsIn(ask)

    for (const asset of listed(['hidden', 'trashed'])) expect(shown).not.toContain(asset)
  })

  test('an album and its map show what is in sight', async () => {
    const album = await send(as(), { path: `albums/${own.album}` })
    const markers = await send(as(), { path: `albums/${own.album}/map-markers` })

    expect(await album.json()).toMatchObject({ assetCount: 2 })
    expect(await markers.json()).toHaveLength(2)
    const bucket = { path: `timeline/bucket?${month}&albumId=${own.album}` }
    expect(await wordsIn(bucket)).toEqual(listed(['active', 'archived']))
  })

  test('a person is counted where they are in sight', async () => {
    const statistics = await send(as(), { path: `people/${own.person}/statistics` })

    expect(await statistics.json()).toEqual({ assets: 1 })
    const bucket = { path: `timeline/bucket?${month}&personId=${own.person}` }
    expect(await wordsIn(bucket)).toEqual(listed(['active', 'archived']))
    const found = { path: 'search/metadata', body: { personIds: [own.person] } }
    expect(await wordsIn(found)).toEqual(listed(['active', 'archived']))
  })

  describe.each(['locked', 'still', 'motion'] as const)('the locked folder: %s', (state) => {
    test.each([
      ['assets/:id'],
      ['assets/:id/thumbnail'],
      ['assets/:id/thumbnail?size=preview'],
      ['assets/:id/original'],
      ['assets/:id/video/playback'],
      ['faces?id=:id'],
    ])('%s is refused', async (path) => {
      const response = await send(as(), { path: path.replace(':id', own.of(state).id) })

      expect(response.status).toBe(400)
      expect((await response.json()).message).toMatch(/^Not found or no /)
    })

    test.each(['assets/urls', 'assets/states'])('%s leaves it out', async (path) => {
      const body = { ids: [own.of(state).id], size: 'preview' }

      const response = await send(as(), { path, body })

      expect(await response.text()).not.toContain(own.of(state).id)
    })

    test('nothing changes it', async () => {
      const { id, face } = own.of(state)
      const asks = [
        { method: 'PUT', path: 'assets', body: { ids: [id], visibility: 'timeline' } },
        { method: 'PUT', path: `assets/${id}`, body: { isFavorite: true } },
        { method: 'DELETE', path: 'assets', body: { ids: [id], force: true } },
        { method: 'POST', path: 'trash/restore/assets', body: { ids: [id] } },
        { method: 'DELETE', path: `faces/${face}`, body: { force: true } },
        { method: 'PUT', path: `faces/${own.otherPerson}`, body: { id: face } },
      ]
      for (const ask of asks) expect((await send(as(), ask)).status).toBe(400)
    })

    test('it is no example for what is similar', async () => {
      if (!(await hasVectors(edge.db))) return console.log('skipped: the database knows no vectors')
      const body = { queryAssetId: own.of(state).id }

      expect((await send(as(), { path: 'search/smart', body })).status).toBe(400)
    })
  })

  test.each([
    ['timeline/buckets?visibility=locked'],
    [`timeline/bucket?visibility=locked&${month}`],
    ['assets/statistics?visibility=locked'],
  ])('%s asks for the PIN', async (path) => {
    expect((await send(as(), { path })).status).toBe(401)
  })

  test.each(['metadata', 'random', 'statistics'])('search/%s asks for the PIN', async (name) => {
    const ask = { path: `search/${name}`, body: { visibility: 'locked' } }

    expect((await send(as(), ask)).status).toBe(401)
  })
})

test('a session that has shown its PIN sees the locked folder, with both halves of a live photo', async () => {
  const { id } = own.session
  await edge.db.execute(
    `update sessions set pin_expires_at = now() + interval '1 hour' where id = '${id}'`,
  )
  const elevated = edge.as({ token: own.session.token })

  for (const state of ['locked', 'still', 'motion'] as const) {
    const path = `/api/assets/${own.of(state).id}`
    expect((await elevated.get(path)).status).toBe(200)
    const original = await elevated.get(`${path}/original`)
    expect([original.status, original.headers.get('cache-control')]).toEqual([
      200,
      'private, no-store',
    ])
    await original.arrayBuffer()
  }
  const bucket = await elevated.get(`/api/timeline/bucket?${month}&visibility=locked`)
  expect((await bucket.json()).id.sort()).toEqual([own.of('locked').id, own.of('still').id].sort())
})

test("the administrator sees no one else's assets either", async () => {
  const path = `/api/assets/${own.of('active').id}`

  expect((await edge.as(edge.admin).get(path)).status).toBe(400)
  expect((await edge.as(edge.admin).get(`${path}/original`)).status).toBe(400)
})
