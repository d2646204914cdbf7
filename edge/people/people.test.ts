import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { AssetResponseDto } from '#contracts/api/assets.ts'
import { PeopleResponseDto, PersonResponseDto } from '#contracts/api/people.ts'
import { newId } from '#contracts/new-id.ts'
import { openSpace, writeFaceVectors } from '#db/queries/vector-spaces.ts'
import { assets, people } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { setupPeople } from './people.suite.ts'

const edge = await createTestEdge()
const { as, db } = edge
const { seedFace, seedPerson, findRow, personOf, jobsAbout, getPerson } = setupPeople(edge)
let owner: TestUser
let stranger: TestUser
beforeAll(async () => {
  ;[owner, stranger] = [await edge.newUser(), await edge.newUser()]
})

const list = async (user: TestUser, query = '') =>
  PeopleResponseDto.parse(await (await as(user).get(`/api/people${query}`)).json())
const idsOf = ({ people: found }: PeopleResponseDto) => found.map(({ id }) => id)

describe('the list of people', () => {
  test('has favorites first, then named ones, then those seen most; hidden ones on demand', async () => {
    const user = await edge.newUser()
    const few = await seedPerson(user, { faces: 3 })
    const many = await seedPerson(user, { faces: 5 })
    const named = await seedPerson(user, { faces: 1, name: 'Ada' })
    const favorite = await seedPerson(user, { faces: 3, isFavorite: true })
    const hidden = await seedPerson(user, { faces: 9, isHidden: true, name: 'Nobody' })
    await seedPerson(user, { faces: 2 })
    const shown = [favorite, named, many, few].map(({ id }) => id)

    const all = await list(user, '?withHidden=true')
    expect(idsOf(all)).toEqual([...shown, hidden.id])
    expect(all).toMatchObject({ total: 5, hidden: 1, hasNextPage: false })
    expect(await list(user)).toMatchObject({ total: 5, hidden: 1 })
    expect(idsOf(await list(user))).toEqual(shown)
    const first = await list(user, '?size=3')
    expect(first.hasNextPage).toBe(true)
    expect(idsOf(first)).toEqual(shown.slice(0, 3))
    const second = await list(user, '?size=3&page=2')
    expect(second.hasNextPage).toBe(false)
    expect(idsOf(second)).toEqual(shown.slice(3))
  })

  test('shows people from as many faces on as the viewer prefers', async () => {
    const user = await edge.newUser()
    const two = await seedPerson(user, { faces: 2 })
    expect(idsOf(await list(user))).toEqual([])

    await as(user).put('/api/users/me/preferences', { people: { minimumFaces: 2 } })

    expect(idsOf(await list(user))).toEqual([two.id])
  })

  test('counts only what the timeline shows', async () => {
    const user = await edge.newUser()
    const { id } = await seedPerson(user, { faces: 2 })
    await seedFace(user, id, { asset: { visibility: 'locked' } })
    await seedFace(user, id, { asset: { status: 'trashed', trashedAt: new Date() } })
    await seedFace(user, id, { deletedAt: new Date() })

    expect(idsOf(await list(user))).toEqual([])
    const statistics = await as(user).get(`/api/people/${id}/statistics`)
    expect(await statistics.json()).toEqual({ assets: 2 })
  })

  test('has the most similar first when asked', async () => {
    const user = await edge.newUser()
    const [one, two, three] = [
      await seedPerson(user),
      await seedPerson(user),
      await seedPerson(user),
    ]
    const space = await openSpace(db, { kind: 'face', model: 'tiny', dimension: 3 })
    const covers = [one, two, three].map(({ faces }) => faces[0]?.faceId ?? newId())
    for (const [at, { id }] of [one, two, three].entries())
      await db
        .update(people)
        .set({ coverFaceId: covers[at] as never })
        .where(sql`id = ${id}`)
    const vectors = [
      [1, 0, 0],
      [0, 1, 0],
      [0.9, 0.1, 0],
    ]
    await writeFaceVectors(db, {
      spaceId: space.id,
      rows: vectors.map((embedding, at) => ({ faceId: covers[at] as never, embedding })),
    })

    expect(idsOf(await list(user, `?closestPersonId=${one.id}`))).toEqual([
      one.id,
      three.id,
      two.id,
    ])
    const { assetId } = two.faces[0] ?? {}
    expect(idsOf(await list(user, `?closestAssetId=${assetId}`))[0]).toBe(two.id)
    expect((await as(stranger).get(`/api/people?closestPersonId=${one.id}`)).status).toBe(400)
  })
})

describe('a person', () => {
  test('is made by hand, changed and read', async () => {
    const made = await as(owner).post('/api/people', { name: 'Grace', birthDate: '1906-12-09' })
    expect(made.status).toBe(201)
    const { id } = PersonResponseDto.parse(await made.json())

    const changed = await as(owner).put(`/api/people/${id}`, {
      ...{ isFavorite: true, isHidden: true, color: '#ff0000', birthDate: null },
    })

    expect(changed.status).toBe(200)
    expect(await getPerson(owner, id)).toEqual({
      ...{ id, name: 'Grace', birthDate: null, isFavorite: true, isHidden: true },
      ...{ color: '#ff0000', thumbnailPath: '', updatedAt: expect.any(String) },
    })
  })

  test.each([{ birthDate: '2999-01-01' }, { color: 'red' }, { name: 'a\0' }, { birthDate: 'x' }])(
    'is not changed to %o',
    async (change) => {
      const { id } = await seedPerson(owner)

      expect((await as(owner).put(`/api/people/${id}`, change)).status).toBe(400)
    },
  )

  test('that was changed is claimed, so that clustering leaves it', async () => {
    const { id } = await seedPerson(owner)
    await as(owner).put(`/api/people/${id}`, { isHidden: true })

    expect((await findRow(id))?.claimedAt).toBeInstanceOf(Date)
  })

  test('gets another cover from an asset in which they are seen', async () => {
    const { id, faces } = await seedPerson(owner)
    const other = await seedPerson(owner)
    const face = faces[1]

    const changed = await as(owner).put(`/api/people/${id}`, { featureFaceAssetId: face?.assetId })
    expect(changed.status).toBe(200)
    expect((await findRow(id))?.coverFaceId).toBe(face?.faceId)
    expect(await jobsAbout(id)).toContain('make-person-thumbnail')

    const wrong = { featureFaceAssetId: other.faces[0]?.assetId }
    const refused = await as(owner).put(`/api/people/${id}`, wrong)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toEqual({ message: 'Invalid assetId for feature face' })
  })

  test('is changed among others, each with an answer', async () => {
    const [one, two] = [await seedPerson(owner), await seedPerson(owner)]
    const foreign = await seedPerson(stranger)

    const response = await as(owner).put('/api/people', {
      people: [
        { id: one.id, isHidden: true },
        { id: foreign.id, isHidden: true },
        { id: two.id, name: 'Two' },
      ],
    })

    expect(await response.json()).toEqual([
      { id: one.id, success: true },
      { id: foreign.id, success: false, error: 'unknown' },
      { id: two.id, success: true },
    ])
    expect((await findRow(foreign.id))?.isHidden).toBe(false)
    expect((await getPerson(owner, two.id)).name).toBe('Two')
  })

  test('is deleted, and its faces are nobody’s', async () => {
    const [one, two] = [await seedPerson(owner), await seedPerson(owner)]
    const foreign = await seedPerson(stranger)
    await db
      .update(people)
      .set({ thumbnailKey: `thumbs/${one.id}` })
      .where(sql`id = ${one.id}`)

    const refused = await as(owner).delete('/api/people', { ids: [one.id, foreign.id] })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toEqual({ message: 'Not found or no person.delete access' })
    expect(await findRow(one.id)).toBeDefined()

    expect((await as(owner).delete('/api/people', { ids: [one.id] })).status).toBe(204)
    expect((await as(owner).delete(`/api/people/${two.id}`)).status).toBe(204)
    expect([await findRow(one.id), await findRow(two.id)]).toEqual([undefined, undefined])
    expect(await personOf(one.faces[0]?.faceId as never)).toBeNull()
    expect(await jobsAbout(`thumbs/${one.id}`)).toEqual(['delete-objects'])
  })
})

describe('merging', () => {
  test('gives all faces to one, and the name that it lacks; an answer for each', async () => {
    const target = await seedPerson(owner)
    const [one, two] = [
      await seedPerson(owner, { name: 'Ada', birthDate: '1815-12-10' }),
      await seedPerson(owner, { name: 'Augusta' }),
    ]
    const foreign = await seedPerson(stranger)

    const response = await as(owner).post(`/api/people/${target.id}/merge`, {
      ids: [one.id, foreign.id, two.id],
    })

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual([
      { id: one.id, success: true },
      { id: foreign.id, success: false, error: 'no_permission' },
      { id: two.id, success: true },
    ])
    expect(await getPerson(owner, target.id)).toMatchObject({
      name: 'Ada',
      birthDate: '1815-12-10',
    })
    expect((await as(owner).get(`/api/people/${one.id}`)).status).toBe(400)
    const statistics = await as(owner).get(`/api/people/${target.id}/statistics`)
    expect(await statistics.json()).toEqual({ assets: 9 })
    expect(await personOf(foreign.faces[0]?.faceId as never)).toBe(foreign.id)
    expect(await jobsAbout(owner.id)).toContain('recognize-faces')
  })

  test('in order: the first takes in the others', async () => {
    const [one, two] = [await seedPerson(owner, { name: 'One' }), await seedPerson(owner)]

    const response = await as(owner).post('/api/people/merge', { ids: [two.id, one.id] })

    expect(await response.json()).toEqual([{ id: one.id, success: true }])
    expect((await getPerson(owner, two.id)).name).toBe('One')
  })

  test('of somebody into themselves is refused', async () => {
    const { id } = await seedPerson(owner)

    const refused = await as(owner).post(`/api/people/${id}/merge`, { ids: [id] })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toEqual({ message: 'Cannot merge a person into themselves' })
    expect((await as(owner).post('/api/people/merge', { ids: [id] })).status).toBe(400)
  })
})

describe('reassigning', () => {
  test('moves the faces of a person in some assets, by hand and for good', async () => {
    const [from, to] = [await seedPerson(owner), await seedPerson(owner)]
    const face = from.faces[0]
    const foreign = await seedPerson(stranger)
    const stolen = foreign.faces[0]

    const response = await as(owner).put(`/api/people/${to.id}/reassign`, {
      data: [
        { personId: from.id, assetId: face?.assetId },
        { personId: foreign.id, assetId: stolen?.assetId },
      ],
    })

    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject([{ id: to.id }, { id: to.id }])
    expect(await personOf(face?.faceId as never)).toBe(to.id)
    expect(await personOf(stolen?.faceId as never)).toBe(foreign.id)
    expect([(await findRow(from.id))?.claimedAt, (await findRow(to.id))?.claimedAt]).toEqual([
      expect.any(Date),
      expect.any(Date),
    ])
    expect(await jobsAbout(from.id)).toContain('make-person-thumbnail')
  })

  test('leaves somebody without faces to be tidied up', async () => {
    const [from, to] = [await seedPerson(owner, { faces: 1 }), await seedPerson(owner)]
    await as(owner).put(`/api/people/${to.id}/reassign`, {
      data: [{ personId: from.id, assetId: from.faces[0]?.assetId }],
    })

    expect((await findRow(from.id))?.claimedAt).toBeNull()
    expect(await jobsAbout(from.id)).toContain('make-person-thumbnail')
  })
})

describe('a thumbnail', () => {
  test('is streamed, and not sent again to who has it', async () => {
    const { id, faces } = await seedPerson(owner)
    const missing = await as(owner).get(`/api/people/${id}/thumbnail`)
    expect(missing.status).toBe(404)
    const key = `thumbs/${owner.id}/aa/bb/${id}-1-person.jpeg`
    const storage = createNodeStorage(edge.bucket)
    await storage.put(key, Buffer.from('a face'), { contentType: 'image/jpeg' })
    storage.close()
    const coverFaceId = faces[0]?.faceId as never
    await db.update(people).set({ thumbnailKey: key, coverFaceId }).where(sql`id = ${id}`)

    const response = await as(owner).get(`/api/people/${id}/thumbnail`)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('a face')
    expect(response.headers.get('content-type')).toBe('image/jpeg')
    expect(response.headers.get('cache-control')).toBe('private, no-cache, no-transform')
    const etag = response.headers.get('etag') ?? ''
    const again = await as(owner).request(`/api/people/${id}/thumbnail?updatedAt=1`, {
      headers: { 'if-none-match': etag },
    })
    expect(again.status).toBe(304)
    expect(again.headers.get('cache-control')).toBe('private, max-age=86400, no-transform')

    // Before the job has chosen another cover.
    await db.update(assets).set({ visibility: 'locked' }).where(sql`id = ${faces[0]?.assetId}`)
    expect((await as(owner).get(`/api/people/${id}/thumbnail`)).status).toBe(404)
  })
})

test.each([
  ['GET', '', 'person.read'],
  ['PUT', '', 'person.update'],
  ['DELETE', '', 'person.delete'],
  ['POST', '/merge', 'person.update'],
  ['PUT', '/reassign', 'person.update'],
  ['GET', '/statistics', 'person.read'],
  ['GET', '/thumbnail', 'person.read'],
])(
  "%s of somebody else's person%s is answered as if it were not there",
  async (method, path, permission) => {
    const { id } = await seedPerson(owner, { name: 'Secret' })
    const before = await findRow(id)
    const body = { PUT: { name: 'x', data: [] }, POST: { ids: [] } }[method]
    for (const asked of [id, newId()]) {
      const response = await as(stranger).request(`/api/people/${asked}${path}`, {
        method,
        ...(body && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      })
      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({ message: `Not found or no ${permission} access` })
    }
    expect(await findRow(id)).toEqual(before)
    expect(JSON.stringify(await list(stranger, '?withHidden=true'))).not.toContain(id)
  },
)

describe('an asset', () => {
  test('tells its owner who is seen in it, from left to right, each once', async () => {
    const [left, right] = [
      await seedPerson(owner, { faces: 0, name: 'Left' }),
      await seedPerson(owner, { faces: 0, isHidden: true }),
    ]
    const { assetId } = await seedFace(owner, right.id, { boundingBoxX1: 500 })
    await seedFace(owner, left.id, { assetId, boundingBoxX1: 10 })
    await seedFace(owner, left.id, { assetId, boundingBoxX1: 700 })
    await seedFace(owner, null, { assetId })
    const away = await seedPerson(owner, { faces: 0 })
    await seedFace(owner, away.id, { assetId, deletedAt: new Date() })

    const response = await as(owner).get(`/api/assets/${assetId}`)

    const { people: seen } = AssetResponseDto.parse(await response.json())
    expect(seen).toMatchObject([
      { id: left.id, name: 'Left', isHidden: false },
      { id: right.id, isHidden: true },
    ])
  })

  test('is found in the timeline by a person of the viewer', async () => {
    const user = await edge.newUser()
    const { id, faces } = await seedPerson(user, { faces: 2 })
    await seedFace(user, null)
    const get = async (asks: TestUser, path: string) => (await as(asks).get(path)).json()

    expect(await get(user, `/api/timeline/buckets?personId=${id}`)).toEqual([
      { timeBucket: '2024-05-01', count: 2 },
    ])
    const month = (await get(
      user,
      `/api/timeline/bucket?timeBucket=2024-05-01&personId=${id}`,
    )) as {
      id: string[]
    }
    expect(month.id.toSorted()).toEqual(faces.map(({ assetId }) => assetId).toSorted())
    expect(await get(stranger, `/api/timeline/buckets?personId=${id}`)).toEqual([])
  })
})
