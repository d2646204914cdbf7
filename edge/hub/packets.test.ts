import { expect, test } from 'vitest'
import { ackPacket, connectErrorPacket, eventPacket, openPacket, parsePacket } from './packets.ts'

test.each([
  ['40', { kind: 'connect' }],
  ['40{"token":"x"}', { kind: 'connect' }],
  ['40/?a=b,', { kind: 'connect' }],
  ['41', { kind: 'disconnect' }],
  ['42["hello",1]', { kind: 'event', ackId: undefined }],
  ['4217["hello"]', { kind: 'event', ackId: '17' }],
  ['40/admin,', { kind: 'elsewhere', namespace: '/admin' }],
  ['42/admin,["hello"]', { kind: 'nothing' }],
  ['2', { kind: 'ping', text: '' }],
  ['2probe', { kind: 'ping', text: 'probe' }],
  ['3', { kind: 'nothing' }],
  ['1', { kind: 'close' }],
])('%s is understood', (text, said) => {
  expect(parsePacket(text)).toEqual(said)
})

test.each(['', 'hello', '451-["x",{"_placeholder":true,"num":0}]', '9', '4', '\0'])(
  '%j is no packet of a client',
  (text) => {
    expect(parsePacket(text)).toEqual({ kind: 'broken' })
  },
)

test('what is said has the form of the protocol', () => {
  expect(JSON.parse(openPacket('s1').slice(1))).toEqual({
    ...{ sid: 's1', upgrades: [], maxPayload: 65_536 },
    ...{ pingInterval: 25_000, pingTimeout: 20_000 },
  })
  expect(eventPacket('on_asset_trash', [['a', 'b']])).toBe('42["on_asset_trash",["a","b"]]')
  expect(ackPacket('17')).toBe('4317[]')
  expect(connectErrorPacket('/x', 'No')).toBe('44/x,{"message":"No"}')
})
