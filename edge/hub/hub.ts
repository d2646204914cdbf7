import { IMMICH_VERSION } from '#contracts/api/common.ts'
import { type AssetNews, type Cut, PushDto, type PushMessage } from '#contracts/events.ts'
import type { UserId } from '#contracts/ids.ts'
import type { Db } from '#db/client.ts'
import { listAssetsForNews } from '#db/queries/asset-news.ts'
import { connectDatabase } from '../deps.ts'
import { describeError, type Log, logFor } from '../http/log.ts'
import { assetEvents } from './asset-events.ts'
import { readHubEnv } from './hub-env.ts'
import { ADMITTED_HEADER, Admitted, isConcerned, type Listener } from './listener.ts'
import {
  ackPacket,
  connectErrorPacket,
  connectPacket,
  DISCONNECT,
  eventPacket,
  MAX_PAYLOAD_BYTES,
  NOOP,
  openPacket,
  PING,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  PONG,
  parsePacket,
} from './packets.ts'

/** So often each client proves anew who it is, should the news that it was signed out ever get lost. */
const SOCKET_LIFE_MS = 60 * 60 * 1000
/** A socket that was let in just before its session ended may arrive just after. */
const CUTS_KEPT_MS = 30_000
const SOCKETS_PER_USER = 100
const SQL_TIMEOUT_MS = 2500

const NORMAL = 1000
const PROTOCOL_ERROR = 1002
const TOO_LARGE = 1009

/**
 * Everybody who listens: socket.io over WebSockets, in one object. It may be put to sleep between two messages with
 * all sockets open, so what it knows of each lies with the socket, users are found by tag, and the ping comes from
 * an alarm. Pongs are answered with a packet that means nothing, which does not wake it. Nothing outlives a restart:
 * clients connect again.
 *
 * Whoever reaches `fetch` is trusted: the routes before it ask for secrets.
 */
export class Hub implements DurableObject {
  readonly #ctx: DurableObjectState
  readonly #env: ReturnType<typeof readHubEnv>
  readonly #log: Log
  #recentCuts: { cut: Cut; at: number }[] = []

  constructor(ctx: DurableObjectState, bindings: Record<string, unknown>) {
    this.#ctx = ctx
    this.#env = readHubEnv(bindings)
    this.#log = logFor(this.#env.settings, undefined, 'hub')
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PONG, NOOP))
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/socket') return await this.#open(request)
    if (pathname === '/push') return await this.#push(request)
    return Response.json({ sockets: this.#ctx.getWebSockets().length })
  }

  async #open(request: Request): Promise<Response> {
    const admitted = Admitted.parse(JSON.parse(request.headers.get(ADMITTED_HEADER) ?? ''))
    const { admittedAt, expiresAt = Number.POSITIVE_INFINITY } = admitted
    const isCut = this.#recentCuts.some(
      ({ cut, at }) => at >= admittedAt && isConcerned(cut, admitted),
    )
    // The alarm looks ahead only: who is over already would stay until the next ping.
    if (isCut || expiresAt <= Date.now())
      return Response.json({ message: 'Authentication required' }, { status: 401 })
    const tag = tagOf(admitted.userId)
    if (this.#ctx.getWebSockets(tag).length >= SOCKETS_PER_USER)
      return Response.json({ message: 'Too many connections' }, { status: 429 })

    const { 0: client, 1: server } = new WebSocketPair()
    const listener: Listener = { ...admitted, sid: crypto.randomUUID(), isJoined: false }
    this.#ctx.acceptWebSocket(server, [tag])
    server.serializeAttachment(listener)
    server.send(openPacket(listener.sid))
    await this.#wakeFor([listener])
    return new Response(null, { status: 101, webSocket: client })
  }

  webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const isText = typeof message === 'string'
    const said = isText ? parsePacket(message) : ({ kind: 'broken' } as const)
    const listener = listenerOf(socket)
    if (isText && message.length > MAX_PAYLOAD_BYTES) close(socket, TOO_LARGE)
    else if (said.kind === 'broken') close(socket, PROTOCOL_ERROR)
    else if (said.kind === 'close') close(socket, NORMAL)
    else if (said.kind === 'ping') send(socket, `${PONG}${said.text}`)
    else if (said.kind === 'elsewhere')
      send(socket, connectErrorPacket(said.namespace, 'Invalid namespace'))
    else if (said.kind === 'event' && said.ackId) send(socket, ackPacket(said.ackId))
    else if (said.kind === 'disconnect')
      socket.serializeAttachment({ ...listener, isJoined: false })
    else if (said.kind === 'connect') welcome(socket, listener)
  }

  webSocketClose(socket: WebSocket): void {
    close(socket, NORMAL)
  }

  webSocketError(socket: WebSocket): void {
    close(socket, NORMAL)
  }

  async alarm(): Promise<void> {
    const now = Date.now()
    for (const socket of this.#ctx.getWebSockets()) {
      const { admittedAt, expiresAt = Number.POSITIVE_INFINITY, isJoined } = listenerOf(socket)
      const heardAt = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? admittedAt
      const isSilent = now - heardAt > PING_INTERVAL_MS + PING_TIMEOUT_MS
      if (expiresAt <= now) end(socket)
      else if (isSilent || now - admittedAt > SOCKET_LIFE_MS) close(socket, NORMAL)
      else if (!isJoined && now - admittedAt > PING_INTERVAL_MS + PING_TIMEOUT_MS)
        close(socket, NORMAL)
      else send(socket, PING)
    }
    this.#recentCuts = this.#recentCuts.filter(({ at }) => now - at < CUTS_KEPT_MS)
    await this.#wakeFor(this.#ctx.getWebSockets().map(listenerOf))
  }

  /** For the next ping, or before that for the end of a session. Nobody there: for nothing. */
  async #wakeFor(listeners: Listener[]): Promise<void> {
    if (listeners.length === 0) return
    const now = Date.now()
    // One that is over may still be closing.
    const ends = listeners.map(({ expiresAt = 0 }) => expiresAt).filter((end) => end > now)
    const dueAt = ends.reduce((first, end) => Math.min(first, end), now + PING_INTERVAL_MS)
    const alarmAt = await this.#ctx.storage.getAlarm()
    if (alarmAt === null || dueAt < alarmAt) await this.#ctx.storage.setAlarm(dueAt)
  }

  async #push(request: Request): Promise<Response> {
    const parsed = PushDto.safeParse(await request.json().catch(() => undefined))
    if (!parsed.success) return Response.json({ message: parsed.error.message }, { status: 400 })
    let db: Db | undefined
    for (const message of parsed.data.events) {
      if (this.#isUnheard(message)) continue
      if ('cut' in message) this.#cut(message)
      else if ('name' in message) this.#emit(message)
      else {
        db ??= connectDatabase(this.#env, SQL_TIMEOUT_MS)
        await this.#tellAssets(db, message)
      }
    }
    return new Response(null, { status: 204 })
  }

  /** Cuts are remembered for those who are on their way. */
  #isUnheard(message: PushMessage): boolean {
    return !('cut' in message) && this.#socketsOf(message.userId).length === 0
  }

  #socketsOf(userId: UserId | 'all'): WebSocket[] {
    return userId === 'all' ? this.#ctx.getWebSockets() : this.#ctx.getWebSockets(tagOf(userId))
  }

  #cut(cut: Cut) {
    this.#recentCuts.push({ cut, at: Date.now() })
    for (const socket of this.#socketsOf(cut.userId)) {
      if (isConcerned(cut, listenerOf(socket))) end(socket)
    }
  }

  #emit({ userId, sessionId, name, args }: Extract<PushMessage, { name: string }>) {
    const packet = eventPacket(name, args)
    for (const socket of this.#socketsOf(userId)) {
      const listener = listenerOf(socket)
      const isMeant = sessionId === undefined || listener.sessionId === sessionId
      if (listener.isJoined && isMeant) send(socket, packet)
    }
  }

  /** Nobody is shown a locked asset here, whatever their session may see. */
  async #tellAssets(db: Db, { userId, news, assetIds }: AssetNews) {
    try {
      const assets = await listAssetsForNews(db, { viewerId: userId, seesLocked: false, assetIds })
      for (const event of assets.flatMap((asset) => assetEvents(news, asset)))
        this.#emit({ userId, ...event })
    } catch (error) {
      this.#log.warn({ err: describeError(error), userId, news }, 'assets could not be told')
    }
  }
}

const tagOf = (userId: UserId) => `user:${userId}`

// It was put there by `#open`, and nobody else writes it.
const listenerOf = (socket: WebSocket) => socket.deserializeAttachment() as Listener

function welcome(socket: WebSocket, listener: Listener): void {
  socket.serializeAttachment({ ...listener, isJoined: true })
  send(socket, connectPacket(listener.sid))
  send(socket, eventPacket('on_server_version', [{ ...IMMICH_VERSION, prerelease: null }]))
}

function send(socket: WebSocket, packet: string): void {
  try {
    socket.send(packet)
  } catch {
    // It is closing; its end is on the way.
  }
}

function close(socket: WebSocket, code: number): void {
  try {
    socket.close(code)
  } catch {
    // It was closed already.
  }
}

/** For one who is signed out: a client that is told so does not come back by itself. */
function end(socket: WebSocket): void {
  send(socket, DISCONNECT)
  close(socket, NORMAL)
}
