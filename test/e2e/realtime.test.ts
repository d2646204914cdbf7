import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { ApiKeyCreateResponseDto } from '#contracts/api/api-keys.ts'
import { AssetResponseDto } from '#contracts/api/assets.ts'
import { SyncAssetExifV1, SyncAssetV2 } from '#contracts/api/sync.ts'
import { type BackendUser, createAccounts, createBackend } from '#test/helpers/backend.ts'
import { assetForm } from '#test/helpers/forms.ts'
import { asUser, listen } from '#test/helpers/listener.ts'
import { until } from '#test/helpers/until.ts'
import { buildTestEdge, buildTestHub, startHub, startWorkerd } from '#test/helpers/workerd.ts'

const PATIENCE = { timeoutMs: 60_000 }
const folder = await buildTestEdge()
await buildTestHub(folder)
const backend = await createBackend()
const { edgeVariables } = backend
let hub = await startHub(folder, edgeVariables)
// Two API processes that know nothing of each other.
const [here, there] = [
  await startWorkerd(folder, edgeVariables),
  await startWorkerd(folder, edgeVariables),
]
const { admin, newUser } = await createAccounts(here.url)
// From the beginning, since the first ping comes after 25 s (sooner only where a session ends).
const quiet = await listenQuietly()

async function listenQuietly() {
  const listener = listen(there.url, asUser(await newUser()))
  let pings = 0
  listener.socket.io.on('ping', () => {
    pings += 1
  })
  await listener.ready()
  return { listener, pings: () => pings }
}

async function send(method: string, path: string, user: BackendUser, body?: unknown) {
  const response = await fetch(`${here.url}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response
}

const picture = async () =>
  await sharp(randomBytes(60 * 40 * 3), { raw: { width: 60, height: 40, channels: 3 } })
    .jpeg()
    .toBuffer()

type Sent = { bytes?: Uint8Array; fileName?: string; fields?: Record<string, string> }

async function upload(user: BackendUser, sent: Sent = {}): Promise<string> {
  const response = await fetch(`${here.url}/api/assets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.token}` },
    body: assetForm({ bytes: await picture(), ...sent }),
  })
  expect(response.status).toBe(201)
  return (await response.json()).id
}

async function newKey(user: BackendUser, permissions: string[]) {
  const made = await send('POST', '/api-keys', user, { permissions })
  return ApiKeyCreateResponseDto.parse(await made.json())
}

test('a listener is known by cookie, bearer token, API key or a key in the address', async () => {
  const user = await newUser()
  const { secret } = await newKey(user, ['asset.read'])
  const listeners = [
    listen(here.url, { headers: { cookie: `immich_access_token=${user.token}` } }),
    listen(there.url, asUser(user)),
    listen(here.url, { headers: { 'x-api-key': secret } }),
    listen(there.url, { query: { apiKey: secret } }),
    listen(there.url, { query: { sessionKey: user.token } }),
  ]

  const versions = await Promise.all(listeners.map((one) => one.hear('on_server_version')))

  expect(versions).toEqual(versions.map(() => ({ major: 3, minor: 0, patch: 3, prerelease: null })))
})

test('who is not known, may not read assets, or comes from another page is refused', async () => {
  const user = await newUser()
  const { secret } = await newKey(user, ['map.read'])
  const cookie = `immich_access_token=${user.token}`
  const listeners = [
    listen(here.url),
    listen(here.url, { headers: { authorization: 'Bearer made-up' } }),
    listen(here.url, { headers: { 'x-api-key': 'made-up' } }),
    listen(here.url, { headers: { 'x-api-key': secret } }),
    listen(here.url, { headers: { cookie, origin: 'http://evil.example' } }),
  ]

  await until(() => listeners.every(({ refusals }) => refusals.length > 0))

  const answers = listeners.map(({ refusals }) => refusals[0])
  expect(answers).toEqual(
    [401, 401, 401, 403, 403].map((status) => expect.stringContaining(`${status}`)),
  )
  expect(listeners.flatMap(({ heard }) => heard)).toEqual([])
  for (const { socket } of listeners) socket.disconnect()
})

test('polling is refused in words', async () => {
  const user = await newUser()

  const response = await send('GET', '/socket.io/?EIO=4&transport=polling', user).catch(String)

  expect(response).toContain('400')
  expect(response).toContain('websocket')
})

test('what the Hub hears from inside cannot be said from outside', async () => {
  const push = { method: 'POST', body: JSON.stringify({ events: [] }) }
  const withSecret = { ...push, headers: { authorization: `Bearer ${edgeVariables.HUB_SECRET}` } }

  const [bare, inside, outside] = await Promise.all([
    fetch(`${hub.url}/push`, push),
    fetch(`${hub.url}/push`, withSecret),
    fetch(`${here.url}/push`, withSecret),
  ])

  expect([bare.status, inside.status, outside.status]).toEqual([401, 204, 404])
})

test('an upload is told when its thumbnail is there, to its owner alone', async () => {
  const [owner, other] = [await newUser(), await newUser()]
  const [listener, stranger] = [
    await listen(there.url, asUser(owner)).ready(),
    await listen(there.url, asUser(other)).ready(),
  ]
  let thumbnailStatus: Promise<number> | undefined
  listener.socket.once('on_upload_success', ({ id }: { id: string }) => {
    thumbnailStatus = fetch(`${there.url}/api/assets/${id}/thumbnail`, {
      headers: { authorization: `Bearer ${owner.token}` },
    }).then(({ status }) => status)
  })

  const id = await upload(owner)
  const asset = AssetResponseDto.parse(await listener.hear('on_upload_success'))
  const synced = await listener.hear<{ asset: unknown; exif: unknown }>('AssetUploadReadyV2')

  const [processing] = listener.named('on_asset_processing')
  const [ready] = listener.named('on_upload_success')
  expect(asset).toMatchObject({
    id,
    ownerId: owner.id,
    resized: true,
    thumbhash: expect.any(String),
  })
  expect(SyncAssetV2.parse(synced.asset)).toMatchObject({ id, thumbhash: asset.thumbhash })
  expect(SyncAssetExifV1.parse(synced.exif)).toMatchObject({ assetId: id, exifImageWidth: 60 })
  expect(await thumbnailStatus).toBe(200)
  expect(processing?.args[0]).toEqual({ id, localDateTime: asset.localDateTime })
  expect(processing?.at).toBeLessThanOrEqual(ready?.at ?? 0)
  expect(stranger.heard.map(({ name }) => name)).toEqual(['on_server_version'])
})

test('why a file cannot be shown is told', async () => {
  const owner = await newUser()
  const listener = await listen(here.url, asUser(owner)).ready()

  const id = await upload(owner, { bytes: randomBytes(3000) })

  expect(await listener.hear('on_asset_failed')).toEqual({
    id,
    localDateTime: expect.any(String),
    reason: expect.stringContaining('not an image or video'),
  })
  expect(listener.named('on_upload_success')).toEqual([])
})

test('motion halves and locked assets are no news', async () => {
  const owner = await newUser()
  const listener = await listen(here.url, asUser(owner)).ready()

  await upload(owner, { fields: { visibility: 'hidden' } })
  await upload(owner, { fields: { visibility: 'locked' } })
  const id = await upload(owner)
  await listener.hear('on_upload_success')

  const told = listener.heard.flatMap(({ args }) => JSON.stringify(args))
  expect(told.filter((text) => text.includes('"id"') && !text.includes(id))).toEqual([])
})

test('changes reach the other pages of the same person', async () => {
  const owner = await newUser()
  const listener = await listen(there.url, asUser(owner)).ready()
  const id = await upload(owner)
  await listener.hear('on_upload_success')

  await send('PUT', `/assets/${id}`, owner, { isFavorite: true })
  expect(await listener.hear('on_asset_update')).toMatchObject({ id, isFavorite: true })
  await send('DELETE', '/assets', owner, { ids: [id] })
  expect(await listener.hear('on_asset_trash')).toEqual([id])
  await send('POST', '/trash/restore/assets', owner, { ids: [id] })
  expect(await listener.hear('on_asset_restore')).toEqual([id])
  await send('PUT', `/assets/${id}`, owner, { visibility: 'locked' })
  expect(await listener.hear('on_asset_hidden')).toBe(id)
  const second = await upload(owner)
  await send('DELETE', '/assets', owner, { ids: [second], force: true })
  expect(await listener.hear('on_asset_delete')).toBe(second)
})

test('signing out ends the connection of that session and of no other', async () => {
  const user = await newUser()
  const again = await fetch(`${here.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  }).then((response) => response.json())
  const [leaving, staying] = [
    await listen(there.url, asUser(user)).ready(),
    await listen(there.url, asUser({ token: again.accessToken })).ready(),
  ]

  await send('POST', '/auth/logout', user)

  expect(await leaving.ended()).toBe('io server disconnect')
  expect(leaving.named('on_session_delete')).toHaveLength(1)
  expect(staying.socket.connected).toBe(true)
  leaving.socket.connect()
  await until(() => leaving.refusals.length > 0)
  expect(leaving.refusals[0]).toContain('401')
})

test('a new password that ends the other sessions ends their connections', async () => {
  const user = await newUser()
  const login = { email: user.email, password: user.password }
  const again = await fetch(`${here.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(login),
  }).then((response) => response.json())
  const [own, other] = [
    await listen(here.url, asUser(user)).ready(),
    await listen(there.url, asUser({ token: again.accessToken })).ready(),
  ]

  await send('POST', '/auth/change-password', user, {
    password: user.password,
    newPassword: 'another long password',
    invalidateSessions: true,
  })

  expect(await other.ended()).toBe('io server disconnect')
  expect(own.socket.connected).toBe(true)
})

test('a deleted API key and a deleted user hear nothing any more', async () => {
  const user = await newUser()
  const key = await newKey(user, ['all'])
  const [byKey, bySession] = [
    await listen(here.url, { headers: { 'x-api-key': key.secret } }).ready(),
    await listen(there.url, asUser(user)).ready(),
  ]

  await send('DELETE', `/api-keys/${key.apiKey.id}`, user)
  expect(await byKey.ended()).toBe('io server disconnect')
  expect(bySession.socket.connected).toBe(true)
  await send('DELETE', `/admin/users/${user.id}`, admin, {})
  expect(await bySession.ended()).toBe('io server disconnect')
})

test('who has heard nothing for long is asked whether they are there, and stays', async () => {
  await until(() => quiet.pings() > 0, { timeoutMs: 40_000 })

  expect(quiet.listener.ends).toEqual([])
})

test('a session that expires ends its connection then', async () => {
  const user = await newUser()
  const short = await send('POST', '/sessions', user, { duration: 3 }).then((r) => r.json())
  const listener = await listen(there.url, asUser({ token: short.token })).ready()
  const openedAt = Date.now()

  expect(await listener.ended()).toBe('io server disconnect')
  // Not when the next ping is due.
  expect(Date.now() - openedAt).toBeLessThan(10_000)
})

test('a Hub that dies loses nothing: clients come back, and uploads went on', async () => {
  const user = await newUser()
  const listener = await listen(there.url, asUser(user)).ready()

  hub.child.kill('SIGKILL')
  await listener.ended()
  const missed = await upload(user)
  await until(async () => {
    const answer = await send('POST', '/assets/states', user, { ids: [missed] })
    return (await answer.json()).states[0].state === 'ready'
  }, PATIENCE)
  hub = await startHub(folder, edgeVariables)
  await until(() => listener.socket.connected, PATIENCE)
  const id = await upload(user)

  expect(await listener.hear('on_upload_success')).toMatchObject({ id })
})
