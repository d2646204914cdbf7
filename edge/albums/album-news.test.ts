import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { PushDto, type PushMessage } from '#contracts/events.ts'
import type { AlbumId, AssetId } from '#contracts/ids.ts'
import { albumUsers } from '#db/schema/tables.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { uploadAsset } from '#test/helpers/forms.ts'

/** Where the Hub would listen: keeps what it is told. */
const told: PushMessage[] = []
const hub = createServer(async (request, response) => {
  told.push(...PushDto.parse(await json(request)).events)
  response.writeHead(204).end()
}).listen(0, '127.0.0.1')
await once(hub, 'listening')
afterAll(() => void hub.close())

const edge = await createTestEdge({
  HUB_URL: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`,
})

async function newAlbum(owner: TestUser) {
  const response = await edge.as(owner).post('/api/albums', { albumName: 'Summer' })
  return ((await response.json()) as { id: AlbumId }).id
}

async function newsOf(albumId: AlbumId) {
  await edge.settled()
  return told
    .splice(0)
    .flatMap((one) => ('name' in one && one.args[0] === albumId ? [[one.userId, one.name]] : []))
}

test('members hear that assets came or went, and that the album has another name', async () => {
  const [owner, member] = [await edge.newUser(), await edge.newUser()]
  const ids: AssetId[] = [await uploadAsset(edge, owner)]
  const albumId = await newAlbum(owner)
  await edge.db.insert(albumUsers).values({ albumId, userId: member.id, role: 'viewer' })
  const expected = [owner.id, member.id].sort().map((id) => [id, 'on_album_update'])
  const as = edge.as(owner)

  await as.put(`/api/albums/${albumId}/assets`, { ids })
  expect((await newsOf(albumId)).sort()).toEqual(expected)
  await as.delete(`/api/albums/${albumId}/assets`, { ids })
  expect((await newsOf(albumId)).sort()).toEqual(expected)
  await as.put('/api/albums/assets', { albumIds: [albumId], assetIds: ids })
  expect((await newsOf(albumId)).sort()).toEqual(expected)
  await as.request(`/api/albums/${albumId}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ albumName: 'Winter' }),
  })
  expect((await newsOf(albumId)).sort()).toEqual(expected)
})

test('nobody hears of what changed nothing', async () => {
  const [owner, stranger] = [await edge.newUser(), await edge.newUser()]
  const ids = [await uploadAsset(edge, owner)]
  const albumId = await newAlbum(owner)
  await edge.as(owner).put(`/api/albums/${albumId}/assets`, { ids })
  await newsOf(albumId)

  await edge.as(owner).put(`/api/albums/${albumId}/assets`, { ids })
  await edge.as(stranger).put(`/api/albums/${albumId}/assets`, { ids })

  expect(await newsOf(albumId)).toEqual([])
})
