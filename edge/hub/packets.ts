/**
 * The texts of engine.io 4 (the first digit) and, inside its messages, of socket.io 5 (the second): what is needed for
 * events to the default namespace over a WebSocket.
 */

export const PING_INTERVAL_MS = 25_000
export const PING_TIMEOUT_MS = 20_000
/** Clients have little to say. */
export const MAX_PAYLOAD_BYTES = 64 * 1024

export const PING = '2'
export const PONG = '3'
export const NOOP = '6'
/** The server ends the conversation: official clients do not connect again by themselves. */
export const DISCONNECT = '41'

export function openPacket(sid: string): string {
  const settings = { pingInterval: PING_INTERVAL_MS, pingTimeout: PING_TIMEOUT_MS }
  return `0${JSON.stringify({ sid, upgrades: [], ...settings, maxPayload: MAX_PAYLOAD_BYTES })}`
}

export const connectPacket = (sid: string) => `40${JSON.stringify({ sid })}`

export const connectErrorPacket = (namespace: string, message: string) =>
  `44${namespace},${JSON.stringify({ message })}`

export const eventPacket = (name: string, args: readonly unknown[]) =>
  `42${JSON.stringify([name, ...args])}`

export const ackPacket = (id: string) => `43${id}[]`

/** What a client says. `broken` is what no client of this protocol would. */
export type Said =
  | { kind: 'connect' | 'disconnect' | 'close' | 'nothing' | 'broken' }
  | { kind: 'ping'; text: string }
  | { kind: 'event'; ackId: string | undefined }
  | { kind: 'elsewhere'; namespace: string }

const MESSAGE = /^4(?<type>[0-4])(?:(?<namespace>\/[^,]*),)?(?<ackId>\d*)/

export function parsePacket(text: string): Said {
  if (text[0] === PING) return { kind: 'ping', text: text.slice(1) }
  if (text === PONG || text === NOOP) return { kind: 'nothing' }
  if (text === '1') return { kind: 'close' }
  const { type, namespace = '/', ackId } = MESSAGE.exec(text)?.groups ?? {}
  if (type === undefined) return { kind: 'broken' }
  if (namespace !== '/' && !namespace.startsWith('/?')) {
    return type === '0' ? { kind: 'elsewhere', namespace } : { kind: 'nothing' }
  }
  if (type === '0') return { kind: 'connect' }
  if (type === '1') return { kind: 'disconnect' }
  if (type === '2') return { kind: 'event', ackId: ackId || undefined }
  return { kind: 'nothing' }
}
