import pg from 'pg'
import { expect, test } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { openSpace } from '#db/queries/vector-spaces.ts'
import { hasVectors } from '#db/queries/vectors.ts'
import { assetExif, assetFaces, assets, people } from '#db/schema/tables.ts'
import { createTestEdge, type TestEdge, type TestUser } from '#test/helpers/edge.ts'
import { assetRow } from '#test/helpers/seed.ts'

const WORKER_AWAY = 'Search by words is not available: the machine learning worker is away'

async function seedPortrait(edge: TestEdge, owner: TestUser) {
  const row = assetRow(owner.id, { originalFileName: 'Ada.jpg', thumbnailedAt: new Date() })
  await edge.db.insert(assets).values(row)
  await edge.db.insert(assetExif).values({ assetId: row.id, city: 'Graz' })
  const [personId, faceId] = [newId<never>(), newId<never>()]
  await edge.db.insert(people).values({ id: personId, ownerId: owner.id, name: 'Ada' })
  const [imageWidth, imageHeight] = [100, 100]
  const box = { boundingBoxX1: 1, boundingBoxY1: 1, boundingBoxX2: 9, boundingBoxY2: 9 }
  const face = { id: faceId, assetId: row.id as AssetId, personId, imageWidth, imageHeight, ...box }
  await edge.db.insert(assetFaces).values(face)
  return { assetId: row.id, personId }
}

/** What works without any model: the statuses and what was found. */
async function useEverythingElse(edge: TestEdge, user: TestUser) {
  const { assetId, personId } = await seedPortrait(edge, user)
  const as = edge.as(user)
  const read = async (response: Response) => [response.status, await response.json()]
  const [mostSimilar, filtered, faces, hidden, suggestions] = [
    await read(await as.get(`/api/people?closestPersonId=${personId}`)),
    await read(await as.post('/api/search/metadata', { city: 'Graz', personIds: [personId] })),
    await read(await as.get(`/api/faces?id=${assetId}`)),
    await read(await as.put(`/api/people/${personId}`, { isHidden: true })),
    await read(await as.get('/api/search/suggestions?type=city')),
  ]
  expect(mostSimilar).toMatchObject([200, { people: [{ id: personId }], total: 1, hidden: 0 }])
  expect(filtered).toMatchObject([200, { assets: { items: [{ id: assetId }] } }])
  expect(faces).toMatchObject([200, [{ person: { id: personId } }]])
  expect(hidden).toMatchObject([200, { isHidden: true }])
  expect(suggestions).toEqual([200, ['Graz']])
  expect((await as.delete('/api/assets', { ids: [assetId], force: true })).status).toBe(204)
  expect((await as.delete(`/api/people/${personId}`)).status).toBe(204)
}

const ask = async (edge: TestEdge, dto: object) => {
  const response = await edge.as(edge.admin).post('/api/search/smart', dto)
  const retryAfter = response.headers.get('retry-after')
  return { status: response.status, retryAfter, body: await response.json() }
}

test('without a machine learning worker words find nothing and say why, and all else works', async () => {
  const edge = await createTestEdge()
  const answer = { status: 503, retryAfter: '5', body: { message: WORKER_AWAY } }

  const before = await ask(edge, { query: 'dog' })
  if (await hasVectors(edge.db)) {
    await openSpace(edge.db, { kind: 'clip', model: 'tiny', dimension: 4 })
    await openSpace(edge.db, { kind: 'face', model: 'tiny', dimension: 4 })
    expect(await ask(edge, { query: 'cat' })).toEqual(answer)
  } else console.log('skipped in part: the database has neither VectorChord nor pgvector')
  const models = await edge.as(edge.admin).get('/api/admin/models')

  if (await hasVectors(edge.db)) expect(before).toEqual(answer)
  expect([models.status, await models.json()]).toEqual([
    503,
    { message: 'The machine learning worker is away' },
  ])
  await useEverythingElse(edge, edge.admin)
})

test('without vectors in the database words find nothing and say why, and all else works', async () => {
  const edge = await createTestEdge()
  const owner = new pg.Client({ connectionString: edge.database.ownerUrl })
  await owner.connect()
  await owner.query('drop extension if exists vchord cascade')
  await owner.query('drop extension if exists vector cascade')
  await owner.end()

  const message =
    'Search by words is not available: the database has neither VectorChord nor pgvector'
  expect(await ask(edge, { query: 'dog' })).toMatchObject({ status: 503, body: { message } })
  expect(await ask(edge, { queryAssetId: newId() })).toMatchObject({ status: 503 })
  await useEverythingElse(edge, await edge.newUser())
})
