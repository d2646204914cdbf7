import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AssetFaceResponseDto } from '#contracts/api/faces.ts'
import { newId } from '#contracts/new-id.ts'
import { assetFaces, assets } from '#db/schema/tables.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { assetRow } from '#test/helpers/seed.ts'
import { setupPeople } from '../people/people.suite.ts'

const edge = await createTestEdge()
const { as, db } = edge
const { seedFace, seedPerson, findRow, personOf, jobsAbout } = setupPeople(edge)
let owner: TestUser
let stranger: TestUser
beforeAll(async () => {
  ;[owner, stranger] = [await edge.newUser(), await edge.newUser()]
})

const facesOf = async (user: TestUser, assetId: string) =>
  z.array(AssetFaceResponseDto).parse(await (await as(user).get(`/api/faces?id=${assetId}`)).json())
const findFace = async (id: string) =>
  (await db.select().from(assetFaces).where(sql`${assetFaces.id} = ${id}`))[0]

const NO_ASSET = { message: 'Not found or no asset.read access' }

describe('the faces of an asset', () => {
  test('come with their people, from left to right, also those of nobody', async () => {
    const ada = await seedPerson(owner, { faces: 0, name: 'Ada' })
    const { assetId, faceId: right } = await seedFace(owner, ada.id, { boundingBoxX1: 150 })
    const { faceId: left } = await seedFace(owner, null, { assetId })
    await seedFace(owner, null, { assetId, deletedAt: new Date() })

    expect(await facesOf(owner, assetId)).toMatchObject([
      { id: left, person: null, sourceType: 'machine-learning', imageWidth: 1000 },
      { id: right, person: { id: ada.id, name: 'Ada' }, boundingBoxX1: 150, boundingBoxY2: 220 },
    ])
  })

  test("are nobody else's to see", async () => {
    const { assetId } = await seedFace(owner, null)

    for (const asked of [assetId, newId()]) {
      const response = await as(stranger).get(`/api/faces?id=${asked}`)
      expect(response.status).toBe(400)
      expect(await response.json()).toEqual(NO_ASSET)
    }
  })
})

describe('a face drawn by hand', () => {
  const drawn = { x: -10, y: 20, width: 60, height: 2000, imageWidth: 400, imageHeight: 300 }

  test('is cut to the picture and belongs to the person for good', async () => {
    const { id: personId } = await seedPerson(owner, { faces: 0 })
    const row = assetRow(owner.id)
    await db.insert(assets).values(row)

    const response = await as(owner).post('/api/faces', { ...drawn, assetId: row.id, personId })

    expect(response.status).toBe(201)
    const [face] = await facesOf(owner, row.id)
    expect(face).toMatchObject({
      ...{ sourceType: 'manual', person: { id: personId }, imageWidth: 400, imageHeight: 300 },
      ...{ boundingBoxX1: 0, boundingBoxY1: 20, boundingBoxX2: 50, boundingBoxY2: 300 },
    })
    expect((await findFace(face?.id ?? ''))?.isHandAssigned).toBe(true)
    expect((await findRow(personId))?.claimedAt).toBeInstanceOf(Date)
    expect(await jobsAbout(personId)).toEqual(['make-person-thumbnail'])
  })

  test("is refused on another's asset, for another's person, and outside the picture", async () => {
    const mine = await seedPerson(owner)
    const theirs = await seedPerson(stranger)
    const [own, foreign] = [mine.faces[0]?.assetId, theirs.faces[0]?.assetId]
    const post = (body: object) => as(owner).post('/api/faces', { ...drawn, ...body })

    const onForeign = await post({ assetId: foreign, personId: mine.id })
    expect(await onForeign.json()).toEqual(NO_ASSET)
    const forForeign = await post({ assetId: own, personId: theirs.id })
    expect(await forForeign.json()).toEqual({ message: 'Not found or no person.read access' })
    const outside = await post({ assetId: own, personId: mine.id, x: 400 })
    expect([onForeign.status, forForeign.status, outside.status]).toEqual([400, 400, 400])
    expect(await facesOf(owner, own ?? '')).toHaveLength(1)
  })
})

describe('a face', () => {
  test('is given to somebody else, who is answered', async () => {
    const [from, to] = [await seedPerson(owner), await seedPerson(owner, { name: 'To' })]
    const id = from.faces[0]?.faceId as never

    const response = await as(owner).put(`/api/faces/${to.id}`, { id })

    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id: to.id, name: 'To' })
    expect(await findFace(id)).toMatchObject({ personId: to.id, isHandAssigned: true })
    expect(await jobsAbout(owner.id)).toContain('recognize-faces')
  })

  test("of somebody else's goes nowhere", async () => {
    const [mine, theirs] = [await seedPerson(owner), await seedPerson(stranger)]
    const [own, foreign] = [mine.faces[0]?.faceId as never, theirs.faces[0]?.faceId as never]

    const stolen = await as(owner).put(`/api/faces/${mine.id}`, { id: foreign })
    expect(stolen.status).toBe(400)
    expect(await stolen.json()).toEqual({ message: 'Not found or no person.create access' })
    const given = await as(owner).put(`/api/faces/${theirs.id}`, { id: own })
    expect(given.status).toBe(400)
    expect(await given.json()).toEqual({ message: 'Not found or no person.update access' })
    expect([await personOf(own), await personOf(foreign)]).toEqual([mine.id, theirs.id])
  })

  test('is taken away and kept aside, or forced for good', async () => {
    const { id, faces } = await seedPerson(owner)
    const [one, two] = [faces[0]?.faceId ?? '', faces[1]?.faceId ?? '']

    expect((await as(owner).delete(`/api/faces/${one}`, { force: false })).status).toBe(204)
    expect((await as(owner).delete(`/api/faces/${two}`, { force: true })).status).toBe(204)

    expect((await findFace(one))?.deletedAt).toBeInstanceOf(Date)
    expect(await findFace(two)).toBeUndefined()
    expect(await facesOf(owner, faces[0]?.assetId ?? '')).toEqual([])
    expect(await jobsAbout(id)).toEqual(['make-person-thumbnail'])
  })

  test("that is locked or somebody else's is not taken away", async () => {
    const { faces } = await seedPerson(owner)
    const { faceId, assetId } = faces[0] ?? { faceId: '', assetId: '' }
    const remove = (user: TestUser) => as(user).delete(`/api/faces/${faceId}`, { force: true })

    const refused = await remove(stranger)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toEqual({ message: 'Not found or no face.delete access' })
    await db.update(assets).set({ visibility: 'locked' }).where(sql`id = ${assetId}`)
    expect((await remove(owner)).status).toBe(400)
    expect((await as(owner).get(`/api/faces?id=${assetId}`)).status).toBe(400)
    expect(await findFace(faceId)).toBeDefined()
  })
})
