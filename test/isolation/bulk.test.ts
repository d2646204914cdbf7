import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { fillLibrary, type Library, snapshotOf } from './library.ts'

/** Requests of which one part is Bob's own and the other Alice's. */
const edge = await createTestEdge()
let bob: TestUser
let theirs: Library
let own: Library
let before: unknown

beforeAll(async () => {
  bob = await edge.newUser()
  theirs = await fillLibrary(edge, await edge.newUser(), 'Secret')
  before = await snapshotOf(edge, theirs)
})
beforeEach(async () => {
  own = await fillLibrary(edge, bob, `Bobs${crypto.randomUUID()}`)
})

const both = () => [own.of('active').id, theirs.of('active').id]
const people = () => [own.person, theirs.person]
const send = (method: 'post' | 'put' | 'delete', path: string, body: unknown) =>
  edge.as(bob)[method](`/api/${path}`, body)

describe('all or nothing', () => {
  test.each([
    ['put', 'assets', () => ({ ids: both(), isFavorite: true })],
    ['put', 'assets', () => ({ ids: both(), visibility: 'locked' })],
    ['delete', 'assets', () => ({ ids: both() })],
    ['delete', 'assets', () => ({ ids: both(), force: true })],
    [
      'post',
      'trash/restore/assets',
      () => ({ ids: [own.of('trashed').id, theirs.of('trashed').id] }),
    ],
    ['delete', 'people', () => ({ ids: people() })],
  ] as const)('%s %s with something foreign in it is refused', async (method, path, body) => {
    const unchanged = await snapshotOf(edge, own)

    const response = await send(method, path, body())

    expect(response.status).toBe(400)
    expect(await snapshotOf(edge, own)).toEqual(unchanged)
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })
})

describe('an answer for each', () => {
  const [done, refused] = [{ success: true }, { success: false, error: 'no_permission' }]

  test.each([
    ['put', () => `albums/${own.album}/assets`, () => ({ ids: [own.of('locked').id, ...both()] })],
  ] as const)('%s %s files what is the own', async (method, path, body) => {
    const response = await send(method, path(), body())

    expect(await response.json()).toMatchObject([refused, { error: 'duplicate' }, refused])
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test('assets leave an album one by one', async () => {
    const response = await send('delete', `albums/${own.album}/assets`, { ids: both() })

    expect(await response.json()).toMatchObject([done, { success: false, error: 'not_found' }])
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test('a new album holds what is the own', async () => {
    const body = { albumName: 'Mixed', assetIds: both() }

    const response = await send('post', 'albums', body)

    expect(await response.json()).toMatchObject({ assetCount: 1 })
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test('assets go into own albums alone', async () => {
    const made = await (await send('post', 'albums', { albumName: 'Empty' })).json()

    const response = await send('put', 'albums/assets', {
      ...{ albumIds: [theirs.album, made.id], assetIds: both() },
    })

    expect(await response.json()).toEqual({ success: true })
    const album = await (await edge.as(bob).get(`/api/albums/${made.id}`)).json()
    expect(album.assetCount).toBe(1)
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test('of several people the own are changed', async () => {
    const response = await send('put', 'people', {
      people: people().map((id) => ({ id, name: 'Renamed' })),
    })

    expect(await response.json()).toMatchObject([done, { success: false }])
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test.each([
    ['people/merge', () => ({ ids: [own.person, own.otherPerson, theirs.person] })],
    [() => `people/${own.person}/merge`, () => ({ ids: [own.otherPerson, theirs.person] })],
  ] as const)('people of the own are merged: %s', async (path, body) => {
    const response = await send('post', typeof path === 'string' ? path : path(), body())

    expect(await response.json()).toMatchObject([done, refused])
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test('of several faces the own go to another person', async () => {
    const data = [
      { assetId: own.of('active').id, personId: own.person },
      { assetId: theirs.of('active').id, personId: theirs.person },
    ]

    const response = await send('put', `people/${own.otherPerson}/reassign`, { data })

    expect(response.status).toBe(200)
    const statistics = await edge.as(bob).get(`/api/people/${own.otherPerson}/statistics`)
    expect(await statistics.json()).toEqual({ assets: 1 })
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test.each(['urls', 'states'])('assets/%s answers for the own', async (path) => {
    const response = await send('post', `assets/${path}`, { ids: both(), size: 'preview' })

    const text = await response.text()
    expect(text).toContain(own.of('active').id)
    expect(text).not.toContain(theirs.of('active').id)
  })

  test.each([
    ['delete', 'inbox/objects'],
    ['post', 'inbox/retry'],
  ] as const)('%s %s concerns the own', async (method, path) => {
    const response = await send(method, path, { keys: [own.inboxKey, theirs.inboxKey] })

    expect(response.status).toBe(204)
    const inbox = await (await edge.as(bob).get('/api/inbox')).text()
    expect(inbox.includes(own.inboxKey)).toBe(method === 'post')
    expect(await snapshotOf(edge, theirs)).toEqual(before)
  })

  test('what lies in an own album and in a foreign one is not found', async () => {
    const response = await send('post', 'search/metadata', { albumIds: [own.album, theirs.album] })

    expect((await response.json()).assets.count).toBe(0)
  })

  test('the same bytes are nobody else’s business', async () => {
    const { checksum } = theirs.of('active')

    const response = await send('post', 'assets/bulk-upload-check', {
      assets: [{ id: 'a', checksum }],
    })

    expect(await response.json()).toEqual({ results: [{ id: 'a', action: 'accept' }] })
  })
})
