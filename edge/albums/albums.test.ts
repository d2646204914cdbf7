import { beforeAll, describe, expect, test } from 'vitest'
import { AlbumResponseDto } from '#contracts/api/albums.ts'
import { TimeBucketAssetResponseDto } from '#contracts/api/timeline.ts'
import type { AlbumId, AssetId } from '#contracts/ids.ts'
import { albumUsers } from '#db/schema/tables.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { uploadAsset } from '#test/helpers/forms.ts'

const edge = await createTestEdge()
let user: TestUser
let other: TestUser
beforeAll(async () => {
  user = await edge.newUser()
  other = await edge.newUser()
})

const NOWHERE = '01930000-0000-7000-8000-000000000000' as AssetId

async function createAlbum(owner: TestUser, dto: Record<string, unknown> = {}) {
  const response = await edge.as(owner).post('/api/albums', { albumName: 'Summer', ...dto })
  expect(response.status).toBe(201)
  return AlbumResponseDto.parse(await response.json())
}

const find = async (owner: TestUser, id: AlbumId) =>
  AlbumResponseDto.parse(await (await edge.as(owner).get(`/api/albums/${id}`)).json())
const list = async (owner: TestUser, query = '') =>
  AlbumResponseDto.array().parse(await (await edge.as(owner).get(`/api/albums${query}`)).json())
const file = (owner: TestUser, album: { id: AlbumId }, ids: AssetId[]) =>
  edge.as(owner).put(`/api/albums/${album.id}/assets`, { ids })
const patch = (owner: TestUser, album: { id: AlbumId }, change: unknown) =>
  edge.as(owner).request(`/api/albums/${album.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
  })
const takenIn = (year: number) => ({ fields: { fileCreatedAt: `${year}-06-01T10:00:00.000Z` } })

describe('a new album', () => {
  test('is its maker’s, and tells what is in it', async () => {
    const first = await uploadAsset(edge, user, takenIn(2020))
    const last = await uploadAsset(edge, user, takenIn(2022))

    const album = await createAlbum(user, { description: 'by the sea', assetIds: [last, first] })

    expect(album).toMatchObject({
      albumName: 'Summer',
      description: 'by the sea',
      albumThumbnailAssetId: last,
      assetCount: 2,
      startDate: '2020-06-01T10:00:00.000Z',
      endDate: '2022-06-01T10:00:00.000Z',
      order: 'desc',
      shared: false,
      hasSharedLink: false,
      isActivityEnabled: true,
    })
    expect(album.albumUsers).toMatchObject([{ role: 'owner', user: { id: user.id } }])
    expect(await find(user, album.id)).toEqual(album)
  })

  test('takes nothing that its maker may not see', async () => {
    const foreign = await uploadAsset(edge, other)

    expect(await createAlbum(user, { assetIds: [foreign, NOWHERE] })).toMatchObject({
      assetCount: 0,
      albumThumbnailAssetId: null,
    })
  })

  test('cannot be shared yet', async () => {
    const albumUsers = [{ userId: other.id, role: 'viewer' }]

    const response = await edge.as(user).post('/api/albums', { albumName: 'Ours', albumUsers })

    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: 'Albums cannot be shared yet' })
  })
})

test('the list holds one’s own, newest first, and can be filtered', async () => {
  const owner = await edge.newUser()
  const asset = await uploadAsset(edge, owner)
  const one = await createAlbum(owner, { albumName: 'One' })
  const two = await createAlbum(owner, { albumName: 'Two', assetIds: [asset] })
  await createAlbum(other)
  const idsOf = async (query?: string) => (await list(owner, query)).map(({ id }) => id)

  expect(await idsOf()).toEqual([two.id, one.id])
  expect(await idsOf('?name=One')).toEqual([one.id])
  expect(await idsOf('?name=one')).toEqual([])
  expect(await idsOf(`?assetId=${asset}&name=One`)).toEqual([two.id])
  expect(await idsOf(`?id=${one.id}`)).toEqual([one.id])
  expect(await idsOf('?isOwned=false')).toEqual([])
  expect(await idsOf('?isShared=true')).toEqual([])
  expect(await idsOf('?isShared=false&isOwned=true')).toEqual([two.id, one.id])
  const statistics = await (await edge.as(owner).get('/api/albums/statistics')).json()
  expect(statistics).toEqual({ owned: 2, shared: 0, notShared: 2 })
})

describe('filing', () => {
  test('answers for each id', async () => {
    const [mine, foreign] = [await uploadAsset(edge, user), await uploadAsset(edge, other)]
    const before = await createAlbum(user)

    const response = await file(user, before, [mine, foreign, NOWHERE, mine])
    const again = await file(user, before, [mine])

    expect(await response.json()).toEqual([
      { id: mine, success: true },
      { id: foreign, success: false, error: 'no_permission' },
      { id: NOWHERE, success: false, error: 'no_permission' },
      { id: mine, success: false, error: 'duplicate' },
    ])
    expect(await again.json()).toEqual([{ id: mine, success: false, error: 'duplicate' }])
    const album = await find(user, before.id)
    expect(album).toMatchObject({ assetCount: 1, albumThumbnailAssetId: mine })
    expect(Date.parse(album.updatedAt)).toBeGreaterThan(Date.parse(before.updatedAt))
  })

  test('into several albums at once', async () => {
    const assetIds = [await uploadAsset(edge, user), await uploadAsset(edge, user)]
    const [one, two, foreign] = [
      await createAlbum(user, { assetIds: assetIds.slice(0, 1) }),
      await createAlbum(user),
      await createAlbum(other),
    ]
    const send = async (albumIds: AlbumId[], ids: AssetId[]) =>
      await (await edge.as(user).put('/api/albums/assets', { albumIds, assetIds: ids })).json()

    expect(await send([one.id, two.id, foreign.id], assetIds)).toEqual({ success: true })
    expect((await find(user, one.id)).assetCount).toBe(2)
    expect((await find(user, two.id)).assetCount).toBe(2)
    expect((await find(other, foreign.id)).assetCount).toBe(0)
    expect(await send([one.id], assetIds)).toEqual({ success: false, error: 'duplicate' })
    expect(await send([foreign.id], assetIds)).toEqual({ success: false, error: 'no_permission' })
    expect(await send([one.id], [NOWHERE])).toEqual({ success: false, error: 'no_permission' })
  })

  test('is undone asset by asset', async () => {
    const [one, two] = [await uploadAsset(edge, user), await uploadAsset(edge, user)]
    const album = await createAlbum(user, { assetIds: [one, two] })

    const response = await edge
      .as(user)
      .delete(`/api/albums/${album.id}/assets`, { ids: [one, NOWHERE] })

    expect(await response.json()).toEqual([
      { id: one, success: true },
      { id: NOWHERE, success: false, error: 'not_found' },
    ])
    expect(await find(user, album.id)).toMatchObject({ assetCount: 1, albumThumbnailAssetId: two })
    expect((await edge.as(user).get(`/api/assets/${one}`)).status).toBe(200)
  })
})

describe('what is in an album', () => {
  test('leaves it from sight with the trash, and comes back', async () => {
    const ids = [await uploadAsset(edge, user)]
    const album = await createAlbum(user, { assetIds: ids })

    await edge.as(user).delete('/api/assets', { ids })
    const meanwhile = await find(user, album.id)
    await edge.as(user).post('/api/trash/restore/assets', { ids })

    expect(meanwhile).toMatchObject({ assetCount: 0, albumThumbnailAssetId: null })
    expect(await find(user, album.id)).toMatchObject({ assetCount: 1 })
  })

  test('leaves it for good with the locked folder', async () => {
    const asset = await uploadAsset(edge, user)
    const album = await createAlbum(user, { assetIds: [asset] })

    await edge.as(user).put('/api/assets', { ids: [asset], visibility: 'locked' })

    expect(await find(user, album.id)).toMatchObject({ assetCount: 0 })
    expect(await (await file(user, album, [asset])).json()).toEqual([
      { id: asset, success: false, error: 'no_permission' },
    ])
    expect(await list(user, `?assetId=${asset}`)).toEqual([])
  })

  test('is a timeline of its own', async () => {
    const filed = await uploadAsset(edge, user, takenIn(2019))
    await uploadAsset(edge, user, takenIn(2019))
    const album = await createAlbum(user, { assetIds: [filed] })

    const months = await edge.as(user).get(`/api/timeline/buckets?albumId=${album.id}`)
    const month = await edge
      .as(user)
      .get(`/api/timeline/bucket?albumId=${album.id}&timeBucket=2019-06-01`)
    const foreign = await edge.as(other).get(`/api/timeline/buckets?albumId=${album.id}`)

    expect(await months.json()).toEqual([{ timeBucket: '2019-06-01', count: 1 }])
    expect(TimeBucketAssetResponseDto.parse(await month.json()).id).toEqual([filed])
    expect(foreign.status).toBe(400)
    expect(await foreign.json()).toEqual({ message: 'Not found or no album.read access' })
  })

  test('has places', async () => {
    const [placed, bare] = [await uploadAsset(edge, user), await uploadAsset(edge, user)]
    await edge.as(user).put(`/api/assets/${placed}`, { latitude: 52.5, longitude: 13.4 })
    const album = await createAlbum(user, { assetIds: [placed, bare] })

    const markers = await edge.as(user).get(`/api/albums/${album.id}/map-markers`)

    expect(await markers.json()).toEqual([
      { id: placed, lat: 52.5, lon: 13.4, city: null, state: null, country: null },
    ])
  })
})

test('an album changes its name, text, order and cover', async () => {
  const [one, two] = [await uploadAsset(edge, user), await uploadAsset(edge, user)]
  const album = await createAlbum(user, { assetIds: [one, two] })

  const response = await patch(user, album, {
    albumName: 'Winter',
    description: '',
    order: 'asc',
    isActivityEnabled: false,
    albumThumbnailAssetId: two,
  })
  const strange = await patch(user, album, { albumThumbnailAssetId: NOWHERE })

  expect(response.status).toBe(200)
  expect(await find(user, album.id)).toMatchObject({
    albumName: 'Winter',
    order: 'asc',
    isActivityEnabled: false,
    albumThumbnailAssetId: two,
  })
  expect(strange.status).toBe(400)
  expect(await strange.json()).toEqual({ message: 'Invalid album thumbnail' })
})

test('an album that is deleted leaves its assets', async () => {
  const asset = await uploadAsset(edge, user)
  const album = await createAlbum(user, { assetIds: [asset] })

  const response = await edge.as(user).delete(`/api/albums/${album.id}`)

  expect(response.status).toBe(204)
  expect((await edge.as(user).get(`/api/albums/${album.id}`)).status).toBe(400)
  expect((await edge.as(user).get(`/api/assets/${asset}`)).status).toBe(200)
})

test("another's album is as good as none", async () => {
  const album = await createAlbum(other, { assetIds: [await uploadAsset(edge, other)] })
  const mine = await uploadAsset(edge, user)
  const as = edge.as(user)

  const answers = await Promise.all([
    as.get(`/api/albums/${album.id}`),
    as.get(`/api/albums/${album.id}/map-markers`),
    patch(user, album, { albumName: 'Mine' }),
    as.delete(`/api/albums/${album.id}`),
    file(user, album, [mine]),
    as.delete(`/api/albums/${album.id}/assets`, { ids: [mine] }),
  ])

  expect(await Promise.all(answers.map(async (one) => [one.status, await one.json()]))).toEqual(
    [
      'album.read',
      'album.read',
      'album.update',
      'album.delete',
      'albumAsset.create',
      'albumAsset.delete',
    ].map((permission) => [400, { message: `Not found or no ${permission} access` }]),
  )
  expect(await find(other, album.id)).toMatchObject({ albumName: 'Summer', assetCount: 1 })
})

describe('a member of an album', () => {
  async function shared(role: 'editor' | 'viewer') {
    const member = await edge.newUser()
    const asset = await uploadAsset(edge, user)
    const album = await createAlbum(user, { assetIds: [asset] })
    await edge.db.insert(albumUsers).values({ albumId: album.id, userId: member.id, role })
    return { member, asset, album }
  }

  test('reads it, and sees none of the assets that are not theirs', async () => {
    const { member, album, asset } = await shared('viewer')

    expect(await find(member, album.id)).toMatchObject({ shared: true, assetCount: 0 })
    expect((await list(member)).map(({ id }) => id)).toEqual([album.id])
    const months = await edge.as(member).get(`/api/timeline/buckets?albumId=${album.id}`)
    expect(await months.json()).toEqual([])
    expect(await list(member, `?assetId=${asset}`)).toEqual([])
    const own = await uploadAsset(edge, member)
    expect((await file(member, album, [own])).status).toBe(400)
    expect((await patch(member, album, { albumName: 'x' })).status).toBe(400)
    expect((await edge.as(member).delete(`/api/albums/${album.id}`)).status).toBe(400)
  })

  test('files and takes out what is theirs as an editor; the owner takes out anything', async () => {
    const { member, album, asset } = await shared('editor')
    const own = await uploadAsset(edge, member)
    const remove = async (who: TestUser, ids: AssetId[]) =>
      await (await edge.as(who).delete(`/api/albums/${album.id}/assets`, { ids })).json()

    expect(await (await file(member, album, [own])).json()).toEqual([{ id: own, success: true }])
    expect(await remove(member, [asset])).toEqual([
      { id: asset, success: false, error: 'no_permission' },
    ])
    expect(await remove(user, [own])).toEqual([{ id: own, success: true }])
  })
})
