import type { Socket } from 'socket.io-client'
import type { EventName, ServerEvents } from '#contracts/events.ts'

type Listener<Name extends EventName> = (...args: ServerEvents[Name]) => void

const FIRST_RETRY_MS = 1000
const SLOWEST_RETRY_MS = 30_000

/**
 * What the server tells by itself (contracts/events.ts). Whoever wants to hear subscribes at any time, before or after
 * the connection is there:
 *
 *     const stop = realtime.onEvent('on_upload_success', (asset) => …)
 *     const stop = realtime.onCatchUp(() => …)
 *
 * Events are lost while there is no connection: `onCatchUp` is called whenever it is there, to ask anew. At the first
 * time too: what a page shows was asked for before.
 */
class Realtime {
  isConnected = $state(false)

  #socket: Socket | undefined
  #isWanted = false
  readonly #listeners = new Map<string, Set<(args: unknown[]) => void>>()
  readonly #catchUps = new Set<() => void>()

  onEvent<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    const known = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, known)
    // The Hub's messages are made by `tellUser`, which knows the name's arguments.
    const hear = (args: unknown[]) => listener(...(args as ServerEvents[Name]))
    known.add(hear)
    return () => known.delete(hear)
  }

  onCatchUp(listener: () => void): () => void {
    this.#catchUps.add(listener)
    return () => this.#catchUps.delete(listener)
  }

  /** While someone is signed in. The library is fetched when the page has shown what it was asked for. */
  async connect() {
    this.#isWanted = true
    if (this.#socket) return
    const { io } = await import('socket.io-client')
    if (!this.#isWanted || this.#socket) return
    const socket = io({
      path: '/api/socket.io',
      transports: ['websocket'],
      reconnectionDelay: FIRST_RETRY_MS,
      reconnectionDelayMax: SLOWEST_RETRY_MS,
    })
    this.#socket = socket
    socket.on('connect', () => {
      this.isConnected = true
      for (const catchUp of this.#catchUps) catchUp()
    })
    socket.on('disconnect', () => {
      this.isConnected = false
    })
    socket.onAny((name: string, ...args: unknown[]) => {
      for (const hear of this.#listeners.get(name) ?? []) hear(args)
    })
  }

  disconnect() {
    this.#isWanted = false
    this.#socket?.disconnect()
    this.#socket = undefined
  }
}

export const realtime = new Realtime()
