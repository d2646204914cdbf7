import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import {
  endApiKey,
  endSession,
  endSessions,
  endUser,
  type PushMessage,
  tellEverybody,
  tellUser,
} from '#contracts/events.ts'
import type { ApiKeyId, SessionId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { ADMITTED_HEADER, type Admitted, type Listener } from './listener.ts'

const { HUB } = env as unknown as { HUB: DurableObjectNamespace }
const VERSION = '42["on_server_version",{"major":3,"minor":0,"patch":3,"prerelease":null}]'

/** A Hub of the test's own. */
function newHub() {
  const stub = HUB.get(HUB.newUniqueId())
  const push = (events: unknown) =>
    stub.fetch('http://hub/push', { method: 'POST', body: JSON.stringify({ events }) })

  async function open(admitted: Partial<Admitted> = {}) {
    const whole = { userId: newId<UserId>(), admittedAt: Date.now(), ...admitted }
    const response = await stub.fetch('http://hub/socket', {
      headers: { upgrade: 'websocket', [ADMITTED_HEADER]: JSON.stringify(whole) },
    })
    const { webSocket: socket, status } = response
    const heard: string[] = []
    const closed: number[] = []
    socket?.addEventListener('message', ({ data }) => void heard.push(String(data)))
    socket?.addEventListener('close', ({ code }) => void closed.push(code))
    socket?.accept()
    const say = (packet: string | ArrayBuffer) => socket?.send(packet)
    return { ...whole, ...{ status, heard, closed, say, socket } }
  }

  async function join(admitted: Partial<Admitted> = {}) {
    const listener = await open(admitted)
    listener.say('40')
    await vi.waitFor(() => expect(listener.heard).toContain(VERSION))
    listener.heard.length = 0
    return listener
  }

  /** As if it had happened earlier. */
  const makeOlder = (userId: UserId, change: Partial<Listener>) =>
    runInDurableObject(stub, (_hub, state) => {
      for (const socket of state.getWebSockets(`user:${userId}`))
        socket.serializeAttachment({ ...socket.deserializeAttachment(), ...change })
    })

  return { stub, push, open, join, makeOlder }
}

test('a client is greeted, joins and is told the version', async () => {
  const { heard, say } = await newHub().open()
  await vi.waitFor(() => expect(heard).toHaveLength(1))
  const { sid, ...settings } = JSON.parse(heard[0]?.slice(1) ?? '')

  say('40')
  await vi.waitFor(() => expect(heard).toHaveLength(3))

  expect(settings).toMatchObject({ upgrades: [], pingInterval: 25_000, pingTimeout: 20_000 })
  expect(heard.slice(1)).toEqual([`40{"sid":"${sid}"}`, VERSION])
})

test('events are acknowledged, other namespaces refused, pings answered', async () => {
  const { heard, say } = await newHub().join()

  for (const packet of ['4212["anything",{}]', '40/admin,', '2']) say(packet)

  await vi.waitFor(() =>
    expect(heard).toEqual(['4312[]', '44/admin,{"message":"Invalid namespace"}', '3']),
  )
})

test.each([
  ['no packet', 'hello', 1002],
  ['bytes', new Uint8Array([1, 2]).buffer, 1002],
  ['more than a client has to say', `42["x","${'x'.repeat(70_000)}"]`, 1009],
  ['the end', '1', 1000],
])('%s ends the connection', async (_what, packet, code) => {
  const { closed, say } = await newHub().join()

  say(packet)

  await vi.waitFor(() => expect(closed).toEqual([code]))
})

test('an event reaches each connection of its user, and nobody else', async () => {
  const hub = newHub()
  const [one, other] = [await hub.join(), await hub.join()]
  const same = await hub.join({ userId: one.userId })
  const silent = await hub.open({ userId: one.userId })

  const response = await hub.push([
    tellUser(one.userId, 'on_timeline_change'),
    tellEverybody('on_config_update'),
  ])

  const config = '42["on_config_update"]'
  expect(response.status).toBe(204)
  await vi.waitFor(() => expect(other.heard).toEqual([config]))
  expect(one.heard).toEqual(['42["on_timeline_change"]', config])
  expect(same.heard).toEqual(one.heard)
  expect(silent.heard).toHaveLength(1)
})

test('while the Hub sleeps the connections stay, and are known when it wakes', async () => {
  const hub = newHub()
  const listener = await hub.join()

  await evictDurableObject(hub.stub)
  await hub.push([tellUser(listener.userId, 'on_timeline_change')])

  await vi.waitFor(() => expect(listener.heard).toEqual(['42["on_timeline_change"]']))
  expect(listener.closed).toEqual([])
})

test('an alarm asks whether they are there, and ends with the last of them', async () => {
  const hub = newHub()
  const listener = await hub.join()

  const hasRun = await runDurableObjectAlarm(hub.stub)
  await vi.waitFor(() => expect(listener.heard).toEqual(['2']))
  listener.socket?.close(1000)
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(hub.stub)
    expect(await runDurableObjectAlarm(hub.stub)).toBe(false)
  })

  expect(hasRun).toBe(true)
})

const MINUTE_MS = 60_000

test.each([
  ['is silent for longer than a ping may take', { admittedAt: Date.now() - MINUTE_MS }],
  ['has been there for an hour', { admittedAt: Date.now() - 61 * MINUTE_MS }],
])('who %s has to come again', async (_what, change) => {
  const hub = newHub()
  const listener = await hub.join()

  await hub.makeOlder(listener.userId, change)
  await runDurableObjectAlarm(hub.stub)

  await vi.waitFor(() => expect(listener.closed).toEqual([1000]))
  expect(listener.heard).toEqual([])
})

test('who answered the last ping stays', async () => {
  const hub = newHub()
  const listener = await hub.join()

  listener.say('3')
  await vi.waitFor(() => expect(listener.heard).toEqual(['6']))
  await hub.makeOlder(listener.userId, { admittedAt: Date.now() - MINUTE_MS })
  await runDurableObjectAlarm(hub.stub)

  await vi.waitFor(() => expect(listener.heard).toEqual(['6', '2']))
  expect(listener.closed).toEqual([])
})

test('a session is sent away when it is over', async () => {
  const hub = newHub()
  const listener = await hub.join({ expiresAt: Date.now() + 300 })

  await vi.waitFor(() => expect(listener.closed).toEqual([1000]), { timeout: 5000 })
  expect(listener.heard).toEqual(['41'])
})

const [userId, sessionId, otherId, apiKeyId] = [
  newId<UserId>(),
  newId<SessionId>(),
  newId<SessionId>(),
  newId<ApiKeyId>(),
]
const left = '41'
const told = `42["on_session_delete","${sessionId}"]`

test.each<[string, PushMessage[], string[][]]>([
  ['one session', endSession(userId, sessionId), [[told, left], [], []]],
  ['the other sessions', [endSessions(userId, otherId)], [[left], [], []]],
  ['all sessions', [endSessions(userId, undefined)], [[left], [left], []]],
  ['an API key', [endApiKey(userId, apiKeyId)], [[], [], [left]]],
  ['everything', [endUser(userId)], [[left], [left], [left]]],
  ['another user', [endUser(newId<UserId>())], [[], [], []]],
])('ending %s ends just these connections', async (_what, messages, expected) => {
  const hub = newHub()
  const listeners = [
    await hub.join({ userId, sessionId }),
    await hub.join({ userId, sessionId: otherId }),
    await hub.join({ userId, apiKeyId }),
  ]

  await hub.push(messages)

  const ends = expected.map((heard) => (heard.includes(left) ? [1000] : []))
  await vi.waitFor(() => expect(listeners.map(({ closed }) => closed)).toEqual(ends))
  expect(listeners.map(({ heard }) => heard)).toEqual(expected)
})

test('a session that ended while its socket was on the way is refused', async () => {
  const hub = newHub()
  const admittedAt = Date.now() - 1000

  await hub.push(endSession(userId, sessionId))
  const late = await hub.open({ userId, sessionId, admittedAt })
  const fresh = await hub.open({ userId, sessionId: otherId, admittedAt })

  expect([late.status, fresh.status]).toEqual([401, 101])
})

test.each([
  ['no list', 'x'],
  ['no message', [{ what: 1 }]],
  ['two messages in one', [{ userId, cut: 'all', name: 'x', args: [] }]],
])('%s is no push', async (_what, events) => {
  expect((await newHub().push(events)).status).toBe(400)
})

test('one user cannot hold any number of connections', async () => {
  const hub = newHub()
  const opened = await Promise.all(Array.from({ length: 101 }, () => hub.open({ userId })))

  expect(opened.filter(({ status }) => status === 101)).toHaveLength(100)
  expect(opened.filter(({ status }) => status === 429)).toHaveLength(1)
})
