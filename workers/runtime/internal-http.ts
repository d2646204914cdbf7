import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log } from './log.ts'

export type InternalRequest = {
  params: Record<string, string>
  query: URLSearchParams
  /** The body; whoever sends something else than a little JSON is refused. */
  readJson(): Promise<unknown>
}
/** Text is sent as text, everything else as JSON. */
export type InternalAnswer = { status?: number; body: unknown }
export type InternalRoute = (request: InternalRequest) => Promise<InternalAnswer> | InternalAnswer

/** `GET /queues/:name` to what answers it. */
export type InternalRoutes = Record<string, InternalRoute>

const BODY_MAX_BYTES = 256 * 1024

type Options = {
  host: string
  /** 0 takes a free one. */
  port: number
  secret: string
  routes: InternalRoutes
  log: Log
}

/** Refuses a caller's request; the message goes out as it is. */
export class InternalHttpError extends Error {
  override readonly name = 'InternalHttpError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** HTTP for the other processes: every request, `/health` too, needs the secret as its bearer token. */
export async function serveInternal({ host, port, secret, routes, log }: Options) {
  const table = Object.entries(routes).map(([route, answer]) => compileRoute(route, answer))
  const server = createServer((request, response) => {
    respond({ request, secret, table, log })
      .then((answer) => send(response, answer))
      .catch(() => response.destroy())
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

type CompiledRoute = { method: string; pattern: RegExp; answer: InternalRoute }

function compileRoute(route: string, answer: InternalRoute): CompiledRoute {
  const [method = '', path = ''] = route.split(' ')
  return { method, pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`), answer }
}

type Arrived = { request: IncomingMessage; secret: string; table: CompiledRoute[]; log: Log }

async function respond({ request, secret, table, log }: Arrived): Promise<InternalAnswer> {
  if (!isBearer(request.headers.authorization, secret))
    return { status: 401, body: { message: 'Authorization is missing or wrong' } }
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://internal')
  for (const { method, pattern, answer } of table) {
    const match = method === request.method && pattern.exec(pathname)
    if (!match) continue
    try {
      return await answer({
        params: { ...match.groups },
        query: searchParams,
        readJson: () => readJson(request),
      })
    } catch (error) {
      if (error instanceof InternalHttpError)
        return { status: error.status, body: { message: error.message } }
      log.error({ err: error, path: pathname }, 'an internal request failed')
      return { status: 500, body: { message: 'Internal error' } }
    }
  }
  return { status: 404, body: { message: 'No such route' } }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > BODY_MAX_BYTES) throw new InternalHttpError(413, 'The body is too large')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new InternalHttpError(400, 'The body is no JSON')
  }
}

function isBearer(header: string | undefined, secret: string): boolean {
  // Digests have one length, so that the comparison tells nothing about the secret's.
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${secret}`))
}

function send(response: ServerResponse, { status = 200, body }: InternalAnswer) {
  const isText = typeof body === 'string'
  response.writeHead(status, {
    'content-type': isText ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json',
    'cache-control': 'no-store',
  })
  response.end(isText ? body : JSON.stringify(body))
}
