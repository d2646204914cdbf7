import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { TimeBucketAssetResponseDto } from '#contracts/api/timeline.ts'
import { markAssetFailed } from '#db/queries/asset-work.ts'
import { foldTimelineCounts, recountTimeline } from '#db/queries/timeline-counts.ts'
import { assets } from '#db/schema/tables.ts'
import { seedDerivatives } from '#test/helpers/derivatives.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { uploadAsset } from '#test/helpers/forms.ts'
import { assetRow } from '#test/helpers/seed.ts'

const edge = await createTestEdge()
let user: TestUser
beforeAll(async () => {
  user = await edge.newUser()
})

type Taken = Parameters<typeof assetRow>[1] & { at: string }

/** An asset whose wall clock is `at`, two hours east of UTC. */
async function seed(owner: TestUser, { at, ...asset }: Taken) {
  const localDateTime = new Date(`${at}Z`)
  const fileCreatedAt = new Date(localDateTime.getTime() - 2 * 3600_000)
  const row = assetRow(owner.id, { localDateTime, fileCreatedAt, ...asset })
  await edge.db.insert(assets).values(row)
  return row.id
}

const months = async (owner: TestUser, query = '') =>
  await (await edge.as(owner).get(`/api/timeline/buckets${query}`)).json()
const month = async (owner: TestUser, query: string) =>
  TimeBucketAssetResponseDto.parse(
    await (await edge.as(owner).get(`/api/timeline/bucket?timeBucket=${query}`)).json(),
  )

describe('months', () => {
  test('are those of the wall clock, newest first, with archive and without trash, hidden and locked', async () => {
    const owner = await edge.newUser()
    await seed(owner, { at: '2024-01-01T00:30:00' })
    await seed(owner, { at: '2023-12-31T23:30:00' })
    await seed(owner, { at: '2023-12-05T12:00:00', visibility: 'archive' })
    await seed(owner, { at: '2023-12-05T12:00:00', visibility: 'hidden' })
    await seed(owner, { at: '2023-12-05T12:00:00', visibility: 'locked' })
    await seed(owner, { at: '2023-12-05T12:00:00', status: 'trashed', trashedAt: new Date() })
    await seed(owner, { at: '2023-12-05T12:00:00', status: 'deleted', trashedAt: new Date() })

    const expected = [
      { timeBucket: '2024-01-01', count: 1 },
      { timeBucket: '2023-12-01', count: 2 },
    ]
    expect(await months(owner)).toEqual(expected)
    await foldTimelineCounts(edge.db, { limit: 1000 })
    expect(await months(owner)).toEqual(expected)
    expect(await recountTimeline(edge.db)).toBe(0)
    expect(await months(owner, '?order=asc')).toEqual(expected.toReversed())
    expect(await months(owner, '?visibility=timeline')).toEqual([
      expected[0],
      { timeBucket: '2023-12-01', count: 1 },
    ])
    expect(await months(owner, '?isTrashed=true')).toEqual([{ timeBucket: '2023-12-01', count: 1 }])
  })

  test('count only what a filter lets through', async () => {
    const owner = await edge.newUser()
    const here = await uploadAsset(edge, owner, { fields: { isFavorite: 'true' } })
    await edge.as(owner).put(`/api/assets/${here}`, { latitude: 52.5, longitude: 179.5 })
    const there = await uploadAsset(edge, owner)
    await edge.as(owner).put(`/api/assets/${there}`, { latitude: 52.5, longitude: -179.5 })
    const one = [{ timeBucket: '2024-05-01', count: 1 }]

    expect(await months(owner, '?isFavorite=true')).toEqual(one)
    expect(await months(owner, '?bbox=170,50,180,55')).toEqual(one)
    expect(await months(owner, '?bbox=170,50,-170,55')).toEqual([
      { timeBucket: '2024-05-01', count: 2 },
    ])
    expect(await months(owner, '?bbox=0,0,1,1')).toEqual([])
    const createdAt = new Date('2025-07-31T12:00:00Z')
    await edge.db.update(assets).set({ createdAt }).where(eq(assets.ownerId, owner.id))
    expect(await months(owner, '?orderBy=createdAt')).toEqual([
      { timeBucket: '2025-07-01', count: 2 },
    ])
  })

  test.each([
    ['withPartners=true', 400],
    ['withPartners=true&visibility=archive', 400],
    ['withPartners=true&visibility=timeline&isFavorite=false', 400],
    ['withPartners=true&visibility=timeline', 200],
    ['albumId=01930000-0000-7000-8000-000000000000', 400],
    ['userId=01930000-0000-7000-8000-000000000000', 400],
    ['visibility=locked', 401],
    ['visibility=everything', 400],
    ['bbox=1,2,3', 400],
  ])('for %s are answered with %i', async (query, status) => {
    expect((await edge.as(user).get(`/api/timeline/buckets?${query}`)).status).toBe(status)
  })
})

describe('a month', () => {
  test('comes as columns, by local day and then by instant', async () => {
    const owner = await edge.newUser()
    const second = await seed(owner, { at: '2024-03-02T10:00:00', width: 4000, height: 3000 })
    const first = await seed(owner, { at: '2024-03-02T11:00:00', type: 'VIDEO', durationMs: 1500 })
    const third = await seed(owner, {
      at: '2024-03-01T23:00:00',
      visibility: 'archive',
      isFavorite: true,
    })
    await seed(owner, { at: '2024-04-01T00:00:00' })

    const columns = await month(owner, '2024-03-01')

    expect(columns).toMatchObject({
      id: [first, second, third],
      ownerId: [owner.id, owner.id, owner.id],
      ratio: [1, 1.333, 1],
      isFavorite: [false, false, true],
      isImage: [false, true, true],
      isTrashed: [false, false, false],
      visibility: ['timeline', 'timeline', 'archive'],
      thumbhash: [null, null, null],
      fileCreatedAt: [
        '2024-03-02T09:00:00.000Z',
        '2024-03-02T08:00:00.000Z',
        '2024-03-01T21:00:00.000Z',
      ],
      localOffsetHours: [2, 2, 2],
      duration: [1500, null, null],
      livePhotoVideoId: [null, null, null],
      city: [null, null, null],
      isThumbnailed: [false, false, false],
      failureReason: [null, null, null],
    })
    expect(columns.latitude).toBeUndefined()
    expect((await month(owner, '2024-03-15&order=asc')).id).toEqual([third, second, first])
  })

  test('tells how far each tile is', async () => {
    const owner = await edge.newUser()
    const [ready, failed] = [await uploadAsset(edge, owner), await uploadAsset(edge, owner)]
    await seedDerivatives(edge, { ownerId: owner.id, assetId: ready })
    await markAssetFailed(edge.db, { assetId: failed, reason: 'no picture "here"' })
    await edge.as(owner).put(`/api/assets/${ready}`, { latitude: 1.5, longitude: -2.25 })

    const columns = await month(owner, '2024-05-01&withCoordinates=true')

    const at = columns.id.indexOf(ready)
    expect(columns.thumbhash[at]).toBe('AQID')
    expect(columns.isThumbnailed[at]).toBe(true)
    expect([columns.latitude?.[at], columns.longitude?.[at]]).toEqual([1.5, -2.25])
    expect(columns.failureReason[columns.id.indexOf(failed)]).toBe('no picture "here"')
  })

  test('without assets has empty columns', async () => {
    expect((await month(user, '1999-01-01')).id).toEqual([])
  })

  test('of the trash has what was trashed', async () => {
    const owner = await edge.newUser()
    const id = await uploadAsset(edge, owner)
    await edge.as(owner).delete('/api/assets', { ids: [id] })

    expect((await month(owner, '2024-05-01')).id).toEqual([])
    expect(await month(owner, '2024-05-01&isTrashed=true')).toMatchObject({
      id: [id],
      isTrashed: [true],
    })
  })

  test.each(['', 'x', '2024-13-01', '2024-01'])('is refused for %j', async (timeBucket) => {
    expect((await edge.as(user).get(`/api/timeline/bucket?timeBucket=${timeBucket}`)).status).toBe(
      400,
    )
  })

  test("has nothing of another user's", async () => {
    const owner = await edge.newUser()
    await uploadAsset(edge, owner)
    const other = await edge.newUser()

    expect((await month(other, '2024-05-01')).id).toEqual([])
    expect(await months(other)).toEqual([])
  })
})
