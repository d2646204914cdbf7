import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { AssetResponseDto } from '#contracts/api/assets.ts'
import { PersonResponseDto } from '#contracts/api/people.ts'
import {
  PlacesResponseDto,
  SearchExploreResponseDto,
  SearchResponseDto,
} from '#contracts/api/search.ts'
import { base64Of } from '#contracts/checksum.ts'
import type { AlbumId, AssetId, FaceId, PersonId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import {
  albumAssets,
  albums,
  albumUsers,
  assetExif,
  assetFaces,
  assetFiles,
  assets,
  people,
} from '#db/schema/tables.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { assetRow } from '#test/helpers/seed.ts'

const edge = await createTestEdge()

type Fields = Parameters<typeof assetRow>[1] & { exif?: Partial<typeof assetExif.$inferInsert> }

async function seed(owner: TestUser, { exif, ...fields }: Fields = {}): Promise<AssetId> {
  const row = assetRow(owner.id, fields)
  await edge.db.insert(assets).values(row)
  await edge.db.insert(assetExif).values({ assetId: row.id, ...exif })
  return row.id
}

async function seedPerson(owner: TestUser, assetIds: AssetId[], face = {}): Promise<PersonId> {
  const id = newId<PersonId>()
  await edge.db.insert(people).values({ id, ownerId: owner.id, name: 'Somebody' })
  const box = { boundingBoxX1: 1, boundingBoxY1: 1, boundingBoxX2: 9, boundingBoxY2: 9 }
  const rows = assetIds.map((assetId) => ({
    ...{ id: newId<FaceId>(), assetId, personId: id, imageWidth: 99, imageHeight: 99 },
    ...{ ...box, ...face },
  }))
  await edge.db.insert(assetFaces).values(rows)
  return id
}

async function seedAlbum(owner: TestUser, assetIds: AssetId[]): Promise<AlbumId> {
  const albumId = newId<AlbumId>()
  await edge.db.insert(albums).values({ id: albumId })
  await edge.db.insert(albumUsers).values({ albumId, userId: owner.id, role: 'owner' })
  await edge.db.insert(albumAssets).values(assetIds.map((assetId) => ({ albumId, assetId })))
  return albumId
}

async function search(user: TestUser, dto: Record<string, unknown> = {}) {
  const response = await edge.as(user).post('/api/search/metadata', dto)
  expect(response.status).toBe(200)
  return SearchResponseDto.parse(await response.json()).assets
}

const find = async (user: TestUser, dto: Record<string, unknown>) =>
  (await search(user, dto)).items.map(({ id }) => id)

const day = (number: number) => new Date(Date.UTC(2023, 0, number, 12))

describe('metadata search finds by', () => {
  let user: TestUser
  let plain: AssetId
  let other: AssetId
  beforeAll(async () => {
    user = await edge.newUser()
    plain = await seed(user, { fileCreatedAt: day(1) })
    other = await seed(user, {
      ...{ type: 'VIDEO', originalFileName: 'Fête_à la_Plage 100%.MP4', isFavorite: true },
      ...{ fileCreatedAt: day(2), createdAt: new Date('2024-02-01T00:00:00Z'), isOffline: false },
      checksum: new Uint8Array(20).fill(7),
      livePhotoVideoId: plain,
      exif: {
        ...{ city: 'Lyon', state: 'Rhône', country: 'France', make: 'Canon', model: 'R5' },
        ...{ lensModel: '50mm', rating: 4, description: 'Sous le PARASOL' },
      },
    })
    await edge.db.insert(assetFiles).values({
      ...{ assetId: other, type: 'encoded_video', objectKey: 'encoded/a.mp4', sizeBytes: 9 },
      contentType: 'video/mp4',
    })
  })

  test.each([
    ['name, without case and accents', { originalFileName: 'fete_a' }],
    ['name, in which % is a character', { originalFileName: '100%.' }],
    ['description', { description: 'parasol' }],
    ['checksum in hex', { checksum: '07'.repeat(20) }],
    ['checksum in base64', { checksum: base64Of(new Uint8Array(20).fill(7)) }],
    ['type', { type: 'VIDEO' }],
    ['favourite', { isFavorite: true }],
    ['motion', { isMotion: true }],
    ['encoded', { isEncoded: true }],
    ['path of the encoded video', { encodedVideoPath: 'encoded/a.mp4' }],
    ['city', { city: 'Lyon' }],
    ['state', { state: 'Rhône' }],
    ['country', { country: 'France' }],
    ['make', { make: 'Canon' }],
    ['model', { model: 'R5' }],
    ['lens', { lensModel: '50mm' }],
    ['rating', { rating: 4 }],
    ['taken after', { takenAfter: '2023-01-01T18:00:00.000Z' }],
    ['created before', { createdBefore: '2024-03-01T00:00:00Z' }],
    ['several at once', { make: 'Canon', city: 'Lyon', type: 'VIDEO', rating: 4 }],
  ])('%s', async (_what, dto) => {
    expect(await find(user, dto)).toEqual([other])
  })

  test.each([
    ['no city', { city: null }],
    ['no camera', { make: null, model: null, lensModel: null }],
    ['no rating', { rating: null }],
    ['no rating, as older clients say it', { rating: -1 }],
    ['taken before', { takenBefore: '2023-01-01T18:00:00+00:00' }],
    ['not a favourite', { isFavorite: false, isMotion: false, isEncoded: false }],
  ])('%s', async (_what, dto) => {
    expect(await find(user, dto)).toEqual([plain])
  })

  test.each([
    ['tags, of which there are none', { tagIds: [newId()] }],
    ['text in pictures, which nothing has read', { ocr: 'exit' }],
    ['a library that is not there', { libraryId: newId() }],
    ['a kind of file that is not taken in', { type: 'AUDIO' }],
    ['a name that is nowhere', { originalFileName: '%_' }],
  ])('%s: nothing', async (_what, dto) => {
    expect(await find(user, dto)).toEqual([])
  })

  test('id and path', async () => {
    expect(await find(user, { id: plain })).toEqual([plain])
    expect(await find(user, { originalPath: plain })).toEqual([plain])
  })

  test('what a client sends beyond this, as if it were not there', async () => {
    expect(await find(user, { somethingNew: true, withStacked: true })).toEqual([other, plain])
  })
})

describe('metadata search', () => {
  test('needs each of the people, and their faces in sight', async () => {
    const user = await edge.newUser()
    const [both, one, hidden] = [await seed(user), await seed(user), await seed(user)]
    const anna = await seedPerson(user, [both, one])
    const bert = await seedPerson(user, [both])
    const gone = await seedPerson(user, [hidden], { deletedAt: new Date() })

    expect(await find(user, { personIds: [anna] })).toEqual(expect.arrayContaining([both, one]))
    expect(await find(user, { personIds: [anna, bert, anna] })).toEqual([both])
    expect(await find(user, { personIds: [gone] })).toEqual([])
  })

  test('needs each of the albums, and a member of them', async () => {
    const [user, stranger] = [await edge.newUser(), await edge.newUser()]
    const [filed, loose] = [await seed(user), await seed(user)]
    const albumId = await seedAlbum(user, [filed])
    const foreign = await seedAlbum(stranger, [filed])

    expect(await find(user, { albumIds: [albumId] })).toEqual([filed])
    expect(await find(user, { albumIds: [albumId, foreign] })).toEqual([])
    expect(await find(user, { isNotInAlbum: true })).toEqual([loose])
  })

  test('leaves out what is hidden, locked or in the trash until that is asked for', async () => {
    const user = await edge.newUser()
    const trashed = { status: 'trashed' as const, trashedAt: new Date('2024-01-05T00:00:00Z') }
    const shown = await seed(user, { fileCreatedAt: day(1) })
    const archived = await seed(user, { visibility: 'archive', fileCreatedAt: day(2) })
    const hidden = await seed(user, { visibility: 'hidden' })
    const locked = await seed(user, { visibility: 'locked' })
    const inTrash = await seed(user, { ...trashed, fileCreatedAt: day(3) })
    await seed(user, { status: 'deleted', trashedAt: new Date() })

    expect(await find(user, {})).toEqual([archived, shown])
    expect(await find(user, { visibility: 'archive' })).toEqual([archived])
    expect(await find(user, { visibility: 'hidden' })).toEqual([hidden])
    expect(await find(user, { withDeleted: true })).toEqual([inTrash, archived, shown])
    expect(await find(user, { trashedAfter: '2024-01-01T00:00:00Z' })).toEqual([inTrash])
    expect(await find(user, { id: locked })).toEqual([])
    const refused = await edge.as(user).post('/api/search/metadata', { visibility: 'locked' })
    expect(refused.status).toBe(401)
  })

  test('finds nothing of anybody else', async () => {
    const [user, other] = [await edge.newUser(), await edge.newUser()]
    const id = await seed(user, { isFavorite: true })

    expect(await find(other, { id })).toEqual([])
    expect(await find(other, { isFavorite: true })).toEqual([])
  })

  test('answers items as the asset itself is answered, exif on demand', async () => {
    const user = await edge.newUser()
    const id = await seed(user, { exif: { city: 'Graz', fNumber: 1.8 } })
    const whole = AssetResponseDto.parse(
      await (await edge.as(user).get(`/api/assets/${id}`)).json(),
    )

    const [withExif] = (await search(user, { withExif: true })).items
    const [short] = (await search(user)).items

    expect(withExif).toEqual(whole)
    expect(short).toEqual({ ...whole, exifInfo: undefined })
  })

  test('pages by number as Immich does', async () => {
    const user = await edge.newUser()
    const ids = await Promise.all([1, 2, 3, 4, 5].map((n) => seed(user, { fileCreatedAt: day(n) })))

    const first = await search(user, { size: 2, order: 'asc' })
    const second = await search(user, { size: 2, order: 'asc', page: Number(first.nextPage) })
    const third = await search(user, { size: 2, order: 'asc', page: Number(second.nextPage) })

    expect([first.nextPage, second.nextPage, third.nextPage]).toEqual(['2', '3', null])
    expect([first.total, first.count, third.count]).toEqual([2, 2, 1])
    expect([first, second, third].flatMap(({ items }) => items.map(({ id }) => id))).toEqual(ids)
  })

  test('pages by cursor without repeating when assets come in between', async () => {
    const user = await edge.newUser()
    const instant = day(1)
    const ids = await Promise.all([1, 2, 3].map(() => seed(user, { fileCreatedAt: instant })))

    const first = await search(user, { size: 2 })
    await seed(user, { fileCreatedAt: day(9) })
    const second = await search(user, { size: 2, cursor: first.nextCursor })

    const found = [...first.items, ...second.items].map(({ id }) => id)
    expect(found).toEqual(ids.sort().reverse())
    expect(second.nextCursor).toBe(null)
  })

  test.each([
    [{ size: 0 }],
    [{ size: 1001 }],
    [{ takenAfter: 'yesterday' }],
    [{ takenAfter: '0000-01-01T00:00:00Z' }],
    [{ originalFileName: 'a\0b' }],
    [{ cursor: 'made up' }],
    [{ cursor: btoa('["2024-01-01T00:00:00.000000Z","x"]') }],
    [{ cursor: btoa(`["2024-13-41T00:00:00.000000Z","${newId()}"]`) }],
    [{ takenAfter: '2024-01-01T00:00:00+23:59' }],
    [{ checksum: 'none' }],
    [{ personIds: ['x'] }],
    [{ page: 0 }],
  ])('refuses %j with a reason', async (dto) => {
    const user = await edge.newUser()

    const response = await edge.as(user).post('/api/search/metadata', dto)

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ message: expect.any(String) })
  })
})

describe('the other searches', () => {
  test('draw at random, count, and list what is large', async () => {
    const user = await edge.newUser()
    const small = await seed(user, { sizeBytes: 10, exif: { make: 'Leica' } })
    const large = await seed(user, { sizeBytes: 5_000_000_000, exif: { make: 'Leica' } })
    await seed(user, { sizeBytes: 50 })
    const post = async (path: string, dto?: unknown) =>
      await (await edge.as(user).post(`/api/search/${path}`, dto)).json()

    const random = AssetResponseDto.array().parse(await post('random', { size: 2 }))
    const drawn = AssetResponseDto.array().parse(await post('random', { make: 'Leica' }))
    const big = AssetResponseDto.array().parse(await post('large-assets?minFileSize=20&size=1'))

    expect(new Set(random.map(({ id }) => id)).size).toBe(2)
    expect(drawn.map(({ id }) => id).sort()).toEqual([small, large].sort())
    expect(big.map(({ id }) => id)).toEqual([large])
    expect(await post('statistics', { make: 'Leica' })).toEqual({ total: 2 })
  })

  test('suggest each value once, by name, within what is chosen already', async () => {
    const user = await edge.newUser()
    for (const [country, state] of [
      ['Germany', 'St.-Petersburg'],
      ['Germany', 'State of Berlin'],
      ['Germany', 'State of Berlin'],
      ['Austria', 'Tirol'],
      [null, null],
    ] as const)
      await seed(user, { exif: { country, state } })
    const suggest = async (query: string) =>
      await (await edge.as(user).get(`/api/search/suggestions?${query}`)).json()

    expect(await suggest('type=country')).toEqual(['Austria', 'Germany'])
    expect(await suggest('type=country&includeNull=true')).toEqual(['Austria', 'Germany', null])
    expect(await suggest('type=state&country=Germany')).toEqual([
      'State of Berlin',
      'St.-Petersburg',
    ])
    expect(await suggest('type=camera-make')).toEqual([])
  })

  test('find people by a part of their name, and tell who is in a picture', async () => {
    const [user, other] = [await edge.newUser(), await edge.newUser()]
    const id = await seed(user)
    const zoe = await seedPerson(user, [id])
    const hidden = await seedPerson(user, [id])
    await edge.db.update(people).set({ name: 'Ann Zoë' }).where(eq(people.id, zoe))
    await edge.db
      .update(people)
      .set({ name: 'Zoëtta', isHidden: true })
      .where(eq(people.id, hidden))
    const ask = async (who: TestUser, query: string) =>
      PersonResponseDto.array()
        .parse(await (await edge.as(who).get(`/api/search/person?${query}`)).json())
        .map(({ name }) => name)

    const [item] = (await search(user, { withPeople: true })).items
    const [bare] = (await search(user)).items

    expect(await ask(user, 'name=zoe')).toEqual(['Ann Zoë'])
    expect(await ask(user, 'name=ZOE&withHidden=true')).toEqual(['Zoëtta', 'Ann Zoë'])
    expect(await ask(other, 'name=zoe&withHidden=true')).toEqual([])
    expect(item?.people.map((person) => person.id).sort()).toEqual([zoe, hidden].sort())
    expect(bare?.people).toEqual([])
  })

  test('show cities, and places of one’s own', async () => {
    const user = await edge.newUser()
    const many = await Promise.all(
      [1, 2, 3, 4, 5].map((n) =>
        seed(user, {
          fileCreatedAt: day(n),
          exif: { city: 'Zürich', country: 'Schweiz', latitude: 47 + n / 10, longitude: 8 },
        }),
      ),
    )
    const single = await seed(user, { exif: { city: 'Ávila' } })
    const get = async (path: string) =>
      await (await edge.as(user).get(`/api/search/${path}`)).json()

    const [explored] = SearchExploreResponseDto.array().parse(await get('explore'))
    const cities = AssetResponseDto.array().parse(await get('cities'))
    const places = PlacesResponseDto.array().parse(await get('places?name=zurich'))

    expect(explored?.fieldName).toBe('exifInfo.city')
    expect(explored?.items.map(({ value, data }) => [value, data.id])).toEqual([
      ['Zürich', many.at(-1)],
    ])
    expect(cities.map(({ id }) => id)).toEqual([single, many.at(-1)])
    expect(places).toEqual([
      { name: 'Zürich', admin1name: 'Schweiz', latitude: expect.closeTo(47.3), longitude: 8 },
    ])
    expect(await get('places?name=nowhere')).toEqual([])
  })
})
