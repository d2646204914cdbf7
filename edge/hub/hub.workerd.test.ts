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
const [QUESTION, ANSWER] = ['2?', '3?']
const VERSION = '42["on_server_version",{"major":3,"minor":0,"patch":3,"prerelease":null}]'

/** Until it is so, however slow the machine is. */
const untilSo = (assertion: () => void | Promise<void>) =>
  vi.waitFor(assertion, { timeout: 15_000, interval: 10 })

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
    /** What was heard, once the answer to a word of its own has come behind all that was on the way. */
    async function heardByNow() {
      const answersBefore = heard.filter((text) => text === ANSWER).length
      say(QUESTION)
      await untilSo(() =>
        expect(heard.filter((text) => text === ANSWER)).toHaveLength(answersBefore + 1),
      )
      return heard.filter((text) => text !== ANSWER)
    }
    return { ...whole, ...{ status, heard, heardByNow, closed, say, socket } }
  }

  async function join(admitted: Partial<Admitted> = {}) {
    const listener = await open(admitted)
    listener.say('40')
    await untilSo(() => expect(listener.heard).toContain(VERSION))
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
  await untilSo(() => expect(heard).toHaveLength(1))
  const { sid, ...settings } = JSON.parse(heard[0]?.slice(1) ?? '')

  say('40')
  await untilSo(() => expect(heard).toHaveLength(3))

  expect(settings).toMatchObject({ upgrades: [], pingInterval: 25_000, pingTimeout: 20_000 })
  expect(heard.slice(1)).toEqual([`40{"sid":"${sid}"}`, VERSION])
})

test('events are acknowledged, other namespaces refused, pings answered', async () => {
  const { heard, say } = await newHub().join()

  for (const packet of ['4212["anything",{}]', '40/admin,', '2']) say(packet)

  await untilSo(() =>
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

  await untilSo(() => expect(closed).toEqual([code]))
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
  expect(await other.heardByNow()).toEqual([config])
  expect(await one.heardByNow()).toEqual(['42["on_timeline_change"]', config])
  expect(await same.heardByNow()).toEqual(['42["on_timeline_change"]', config])
  expect(await silent.heardByNow()).toEqual([expect.stringMatching(/^0/)])
})

test('while the Hub sleeps the connections stay, and are known when it wakes', async () => {
  const hub = newHub()
  const listener = await hub.join()

  await evictDurableObject(hub.stub)
  await hub.push([tellUser(listener.userId, 'on_timeline_change')])

  await untilSo(() => expect(listener.heard).toEqual(['42["on_timeline_change"]']))
  expect(listener.closed).toEqual([])
})

test('an alarm asks whether they are there, and ends with the last of them', async () => {
  const hub = newHub()
  const listener = await hub.join()

  const hasRun = await runDurableObjectAlarm(hub.stub)
  await untilSo(() => expect(listener.heard).toEqual(['2']))
  listener.socket?.close(1000)
  await untilSo(async () => {
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

  await untilSo(() => expect(listener.closed).toEqual([1000]))
  expect(listener.heard).toEqual([])
})

test('who answered the last ping stays', async () => {
  const hub = newHub()
  const listener = await hub.join()

  listener.say('3')
  await untilSo(() => expect(listener.heard).toEqual(['6']))
  await hub.makeOlder(listener.userId, { admittedAt: Date.now() - MINUTE_MS })
  await runDurableObjectAlarm(hub.stub)

  await untilSo(() => expect(listener.heard).toEqual(['6', '2']))
  expect(listener.closed).toEqual([])
})

test('the Hub wakes when a session is over, and sends it away', async () => {
  const hub = newHub()
  const expiresAt = Date.now() + 20_000
  const listener = await hub.join({ expiresAt })

  const wakesAt = await runInDurableObject(hub.stub, (_hub, { storage }) => storage.getAlarm())
  await hub.makeOlder(listener.userId, { expiresAt: Date.now() - 1 })
  await runDurableObjectAlarm(hub.stub)

  await untilSo(() => expect(listener.closed).toEqual([1000]))
  expect(listener.heard).toEqual(['41'])
  expect(wakesAt).toBe(expiresAt)
})

test('a session that was over before its socket arrived is refused', async () => {
  const { status } = await newHub().open({ expiresAt: Date.now() - 1 })

  expect(status).toBe(401)
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
  const staying = listeners.filter((_, at) => ends[at]?.length === 0)
  for (const listener of staying) expect(await listener.heardByNow()).toEqual([])
  await untilSo(() => expect(listeners.map(({ closed }) => closed)).toEqual(ends))
  const heard = listeners.map((one) => one.heard.filter((text) => text !== ANSWER))
  expect(heard).toEqual(expected)
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
