import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { FaceId, PersonId } from '#contracts/ids.ts'
import { makePersonThumbnail } from '#contracts/jobs/make-person-thumbnail.ts'
import { deletePeople, mergePeople } from '#db/queries/people.ts'
import { resetRecognitionForWork } from '#db/queries/people-work.ts'
import { openSpace, writeFaceVectors } from '#db/queries/vector-spaces.ts'
import { assetFaces, assets, outbox, people, vectorSpaces } from '#db/schema/tables.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { withAdvisoryLock } from '#workers/runtime/advisory-lock.ts'
import { DIMENSION, direction, setupFaces } from '../faces.suite.ts'

const { db } = await createTestDatabase()
const { seedUser, seedFaces, seedPerson, recognize, personOf, listPeople, spaceOf, configure } =
  setupFaces(db)

// Cosine distance 0.5 is 60 degrees.
const alike = (base: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({ embedding: direction(base, at) }))

const set = async (faceId: FaceId, change: Partial<typeof assetFaces.$inferInsert>) =>
  await db.update(assetFaces).set(change).where(sql`${assetFaces.id} = ${faceId}`)

const move = async (faceId: FaceId, change: Partial<typeof assets.$inferInsert>) =>
  await db
    .update(assets)
    .set(change)
    .where(sql`${assets.id} = (
    select asset_id from asset_faces where id = ${faceId})`)

describe('a person', () => {
  test('is made of three similar faces, and gets a cover', async () => {
    const owner = await seedUser()
    const faces = await seedFaces(owner, [...alike(0, 3), ...alike(4, 2)])

    await recognize(owner)

    const [person, ...others] = await listPeople(owner)
    expect(others).toEqual([])
    expect(await Promise.all(faces.map(personOf))).toEqual([
      ...Array(3).fill(person?.id),
      null,
      null,
    ])
    const jobs = await db.select().from(outbox).where(sql`payload->>'personId' = ${person?.id}`)
    expect(jobs).toMatchObject([makePersonThumbnail.message({ personId: person?.id ?? '' })])
  })

  test('grows by what comes later, also by what stood alone', async () => {
    const owner = await seedUser()
    const alone = await seedFaces(owner, alike(0, 2))
    await recognize(owner)
    expect(await listPeople(owner)).toEqual([])

    const later = await seedFaces(owner, [{ embedding: direction(0, 3) }])
    await recognize(owner)
    const [person] = await listPeople(owner)

    const last = await seedFaces(owner, [{ embedding: direction(0, 50) }])
    await recognize(owner)

    const all = [...alone, ...later, ...last]
    expect(await Promise.all(all.map(personOf))).toEqual(Array(4).fill(person?.id))
    expect(await listPeople(owner)).toHaveLength(1)
  })

  test('is not made of faces outside the timeline, which still find theirs', async () => {
    const owner = await seedUser()
    const archived = await seedFaces(
      owner,
      alike(0, 3).map((face) => ({ ...face, asset: { visibility: 'archive' as const } })),
    )
    await recognize(owner)
    expect(await listPeople(owner)).toEqual([])

    const [shown] = await seedFaces(owner, alike(0, 1))
    await recognize(owner)

    const [person] = await listPeople(owner)
    const all = [...archived, shown as FaceId]
    expect(await Promise.all(all.map(personOf))).toEqual(Array(4).fill(person?.id))
  })

  test('is made when faces come into the timeline', async () => {
    const owner = await seedUser()
    const faces = await seedFaces(
      owner,
      alike(0, 3).map((face) => ({ ...face, asset: { visibility: 'archive' as const } })),
    )
    await recognize(owner)
    for (const face of faces) await move(face, { visibility: 'timeline' })
    await recognize(owner)

    expect(await listPeople(owner)).toHaveLength(1)
  })

  test("of another owner's faces is never met", async () => {
    const [owner, other] = [await seedUser(), await seedUser()]
    await seedFaces(owner, alike(0, 2))
    await seedFaces(other, alike(0, 2))
    await recognize(owner)
    await recognize(other)

    expect([...(await listPeople(owner)), ...(await listPeople(other))]).toEqual([])
  })
})

describe('what a person said', () => {
  test('stays: a face assigned by hand keeps its person and brings others along', async () => {
    const owner = await seedUser()
    const [vouched, near, far] = await seedFaces(owner, [
      { embedding: direction(0) },
      { embedding: direction(0, 40) },
      { embedding: direction(4) },
    ])
    const ada = await seedPerson(owner, { name: 'Ada', claimedAt: new Date() })
    await set(vouched as FaceId, { personId: ada, isHandAssigned: true })
    await recognize(owner)

    expect(await personOf(near as FaceId)).toBe(ada)
    expect(await personOf(far as FaceId)).toBeNull()
  })

  test('keeps two named people apart when a face connects them, and unnamed ones go to the nearer', async () => {
    const owner = await seedUser()
    const left = await seedFaces(owner, alike(0, 3))
    const right = await seedFaces(
      owner,
      [88, 89, 90].map((degrees) => ({ embedding: direction(0, degrees) })),
    )
    await recognize(owner)
    const [one, two] = await listPeople(owner)
    await db.update(people).set({ name: 'One', claimedAt: new Date() }).where(sql`id = ${one?.id}`)
    await db.update(people).set({ name: 'Two', claimedAt: new Date() }).where(sql`id = ${two?.id}`)
    const bridge = await seedFaces(owner, [
      { embedding: direction(0, 40) },
      { embedding: direction(0, 50) },
    ])
    await recognize(owner)

    expect(await Promise.all(left.map(personOf))).toEqual(Array(3).fill(one?.id))
    expect(await Promise.all(right.map(personOf))).toEqual(Array(3).fill(two?.id))
    const bridged = await Promise.all(bridge.map(personOf))
    expect([one?.id, two?.id]).toContain(bridged[0])
    expect(await listPeople(owner)).toHaveLength(2)
  })

  test('lets unnamed people become one, the larger staying', async () => {
    const owner = await seedUser()
    const small = await seedFaces(owner, alike(0, 3))
    const large = await seedFaces(
      owner,
      [87, 88, 89, 90].map((degrees) => ({ embedding: direction(0, degrees) })),
    )
    await recognize(owner)
    const kept = await personOf(large[0] as FaceId)
    expect(await listPeople(owner)).toHaveLength(2)
    const bridge = await seedFaces(owner, [{ embedding: direction(0, 45) }])
    await recognize(owner)

    const all = [...small, ...large, ...bridge]
    expect(await Promise.all(all.map(personOf))).toEqual(Array(8).fill(kept))
    expect((await listPeople(owner)).map(({ id }) => id)).toEqual([kept])
  })

  test('lets somebody hidden take in faces, and nobody who is seen', async () => {
    const owner = await seedUser()
    const hidden = await seedFaces(owner, alike(0, 3))
    await recognize(owner)
    const [stranger] = await listPeople(owner)
    await db
      .update(people)
      .set({ isHidden: true, claimedAt: new Date() })
      .where(sql`id = ${stranger?.id}`)
    const seen = await seedFaces(
      owner,
      [88, 89, 90].map((degrees) => ({ embedding: direction(0, degrees) })),
    )
    await recognize(owner)
    const friend = await personOf(seen[0] as FaceId)
    const [bridge] = await seedFaces(owner, [{ embedding: direction(0, 45) }])
    await recognize(owner)

    expect(friend).not.toBe(stranger?.id)
    expect(await Promise.all(hidden.map(personOf))).toEqual(Array(3).fill(stranger?.id))
    expect(await Promise.all(seen.map(personOf))).toEqual(Array(3).fill(friend))
    expect(await personOf(bridge as FaceId)).not.toBeNull()
  })

  test('keeps faces from before a birth away', async () => {
    const owner = await seedUser()
    await seedFaces(owner, alike(0, 3))
    await recognize(owner)
    const [child] = await listPeople(owner)
    await db
      .update(people)
      .set({ birthDate: '2020-01-01', claimedAt: new Date() })
      .where(sql`id = ${child?.id}`)
    const [before] = await seedFaces(owner, [
      {
        embedding: direction(0, 2),
        asset: { localDateTime: new Date('2019-12-31T23:00:00Z') },
      },
    ])
    await recognize(owner)

    expect(await personOf(before as FaceId)).not.toBe(child?.id)
  })

  test('keeps a face that was taken away out of it', async () => {
    const owner = await seedUser()
    const faces = await seedFaces(owner, alike(0, 3))
    await set(faces[0] as FaceId, { deletedAt: new Date() })
    await recognize(owner)

    expect(await listPeople(owner)).toEqual([])
  })
})

test('beginning anew keeps whom somebody named and what was assigned by hand', async () => {
  const owner = await seedUser()
  const faces = await seedFaces(owner, [...alike(0, 3), ...alike(4, 3), ...alike(8, 1)])
  await recognize(owner)
  const [named, unnamed] = [await personOf(faces[0] as FaceId), await personOf(faces[3] as FaceId)]
  await db.update(people).set({ name: 'Ada', claimedAt: new Date() }).where(sql`id = ${named}`)
  await set(faces[6] as FaceId, { personId: named, isHandAssigned: true })

  await resetRecognitionForWork(db, { requestId: null })
  expect((await listPeople(owner)).map(({ id }) => id)).toEqual([named])
  await recognize(owner)

  const found = await Promise.all(faces.map(personOf))
  expect(found[3]).not.toBe(unnamed)
  expect(found).toEqual([...Array(3).fill(named), ...Array(3).fill(found[3]), named])
})

test('somebody who was deleted does not come back, not by the next photo nor by beginning anew', async () => {
  const owner = await seedUser()
  const faces = await seedFaces(owner, alike(0, 4))
  await recognize(owner)
  const personId = (await personOf(faces[0] as FaceId)) as PersonId
  await deletePeople(db, { viewerId: owner, personIds: [personId], requestId: 'test' })

  const [next] = await seedFaces(owner, [{ embedding: direction(0, 5) }])
  await recognize(owner)
  expect(await listPeople(owner)).toEqual([])
  await resetRecognitionForWork(db, { requestId: null })
  await recognize(owner)

  expect(await listPeople(owner)).toEqual([])
  expect(await Promise.all([...faces, next as FaceId].map(personOf))).toEqual(Array(5).fill(null))
})

test('who was merged stays one, and hidden, after beginning anew and with other settings', async () => {
  const owner = await seedUser()
  const faces = await seedFaces(owner, [...alike(0, 3), ...alike(4, 3)])
  await recognize(owner)
  const [one, two] = [await personOf(faces[0] as FaceId), await personOf(faces[3] as FaceId)]
  const [personId, otherId] = [one as PersonId, two as PersonId]
  await mergePeople(db, { viewerId: owner, personId, otherIds: [otherId], requestId: 'test' })
  await db.update(people).set({ isHidden: true }).where(sql`id = ${personId}`)

  await resetRecognitionForWork(db, { requestId: null })
  await recognize(owner)
  await configure({ maxDistance: 0.3, minFaces: 2 })
  await recognize(owner)
  const [late] = await seedFaces(owner, [{ embedding: direction(4, 6) }])
  await recognize(owner)
  await configure({})

  expect(await listPeople(owner)).toMatchObject([{ id: personId, isHidden: true }])
  expect(await Promise.all([...faces, late as FaceId].map(personOf))).toEqual(
    Array(7).fill(personId),
  )
})

test('running twice changes nothing', async () => {
  const owner = await seedUser()
  await seedFaces(owner, [...alike(0, 4), ...alike(4, 3), ...alike(2, 1)])
  await recognize(owner)
  const read = async () => ({
    faces: (await db.execute(sql`select * from asset_faces order by id`)).rows,
    people: await listPeople(owner),
  })
  const before = await read()
  await recognize(owner)
  await db.execute(sql`delete from face_recognitions`)
  await recognize(owner)

  expect(await read()).toEqual(before)
})

test('a run beside another leaves the work to it, and comes back', async () => {
  const owner = await seedUser()
  await seedFaces(owner, alike(0, 3))

  await withAdvisoryLock(db, `tintype:recognize-faces:${owner}`, () => recognize(owner).then())

  expect(await listPeople(owner)).toEqual([])
  const jobs = await db.select().from(outbox).where(sql`payload->>'ownerId' = ${owner}`)
  expect(jobs).toMatchObject([{ name: 'recognize-faces' }])
  await recognize(owner)
  expect(await listPeople(owner)).toHaveLength(1)
})

/** Reproducible, so that a failure can be looked at again. */
function randomNumbers(seed: number) {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32
    return state / 2 ** 32
  }
}

function shuffled<Item>(items: Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item)
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Groups of different tightness, with chains between them and faces that belong to nobody. */
function crowd(random: () => number): number[][] {
  const around = (centre: number[], spread: number) =>
    centre.map((value) => value + spread * normal(random))
  const centres = Array.from({ length: 7 }, () =>
    Array.from({ length: DIMENSION }, () => normal(random)),
  )
  return [
    ...centres.flatMap((centre) =>
      Array.from({ length: 12 }, () => around(centre, 0.35 + 0.7 * random())),
    ),
    ...Array.from({ length: 15 }, () => Array.from({ length: DIMENSION }, () => normal(random))),
  ]
}

const cosineDistance = (one: number[], other: number[]) => {
  const dot = (a: number[], b: number[]) =>
    a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
  return 1 - dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other))
}

/** DBSCAN by all pairs: the group of each face, or -1. */
function groupsOf(vectors: number[][], { maxDistance = 0.5, minFaces = 3 } = {}): number[] {
  const near = vectors.map((one) =>
    vectors.flatMap((other, at) => (cosineDistance(one, other) <= maxDistance ? [at] : [])),
  )
  const isCore = near.map((others) => others.length >= minFaces)
  const groups = vectors.map(() => -1)
  const spread = (at: number, group: number) => {
    groups[at] = group
    for (const other of near[at] ?? [])
      if (isCore[other] && groups[other] === -1) spread(other, group)
  }
  for (const at of vectors.keys()) if (isCore[at] && groups[at] === -1) spread(at, at)
  return groups.map((group, at) => {
    const self = vectors[at] as number[]
    const cores = (near[at] ?? []).filter((other) => isCore[other])
    const nearest = cores.sort(
      (one, other) =>
        cosineDistance(self, vectors[one] as number[]) -
        cosineDistance(self, vectors[other] as number[]),
    )[0]
    return isCore[at] || nearest === undefined ? group : (groups[nearest] ?? -1)
  })
}

/** The same groups have the same text, whatever they are called. */
function partition(groups: (string | number | null)[]): string[] {
  const members = new Map<string | number, number[]>()
  for (const [at, group] of groups.entries()) {
    if (group === null || group === -1) continue
    members.set(group, [...(members.get(group) ?? []), at])
  }
  return [...members.values()].map((each) => each.join(' ')).sort()
}

async function cluster(vectors: number[][], order: number[], batches: number[]): Promise<string[]> {
  const owner = await seedUser()
  const ids: FaceId[] = []
  let at = 0
  for (const size of [...batches, vectors.length]) {
    const part = order.slice(at, at + size)
    at += size
    if (part.length === 0) break
    const made = await seedFaces(
      owner,
      part.map((index) => ({ embedding: vectors[index] as number[] })),
    )
    for (const [place, index] of part.entries()) ids[index] = made[place] as FaceId
    await recognize(owner)
  }
  const { rows } = await db.execute<{ id: FaceId; person_id: string | null }>(sql`
    select f.id, f.person_id from asset_faces f join assets a on a.id = f.asset_id where a.owner_id = ${owner}`)
  const people = new Map(rows.map(({ id, person_id }) => [id, person_id]))
  return partition(ids.map((id) => people.get(id) ?? null))
}

test.each([1, 2, 3, 7])(
  'the same faces end in the same people, in whatever order and batches they come (%i)',
  async (seed) => {
    const random = randomNumbers(seed)
    const vectors = crowd(random)
    const expected = partition(groupsOf(vectors))
    expect(expected.length).toBeGreaterThan(2)
    const orders = [
      { order: [...vectors.keys()], batches: [] },
      { order: [...vectors.keys()].reverse(), batches: [50] },
      { order: shuffled([...vectors.keys()], random), batches: [1, 2, 3, 5, 8, 13, 21, 34] },
      { order: shuffled([...vectors.keys()], random), batches: Array(33).fill(3) },
    ]

    const found: string[][] = []
    for (const { order, batches } of orders) found.push(await cluster(vectors, order, batches))

    expect(found).toEqual(orders.map(() => expected))
  },
  60_000,
)

test('a new model takes no one away, and goes on from there', async () => {
  const owner = await seedUser()
  const faces = await seedFaces(owner, [...alike(0, 3), ...alike(4, 1)])
  await recognize(owner)
  const [person] = await listPeople(owner)
  await db.update(people).set({ name: 'Ada', claimedAt: new Date() }).where(sql`id = ${person?.id}`)
  const old = await spaceOf()
  const next = await openSpace(db, { kind: 'face', model: 'other', dimension: 4 })
  const inNext = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0.9, 0.1],
  ]
  await writeFaceVectors(db, {
    spaceId: next.id,
    rows: faces.map((faceId, at) => ({ faceId, embedding: inNext[at] as number[] })),
  })
  await db.update(vectorSpaces).set({ state: 'retired' }).where(sql`id = ${old.id}`)
  await db.update(vectorSpaces).set({ state: 'active' }).where(sql`id = ${next.id}`)
  await recognize(owner)

  expect(await Promise.all(faces.map(personOf))).toEqual([...Array(3).fill(person?.id), null])
  expect(await listPeople(owner)).toMatchObject([{ id: person?.id, name: 'Ada' }])
})
