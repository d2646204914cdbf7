import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** An answer that is not a result: the caller's mistake, or a refusal. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly headers: Record<string, string>

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Compares in constant time. */
export function carriesSecret(request: IncomingMessage, secret: string): boolean {
  const given = request.headers.authorization ?? ''
  return timingSafeEqual(digest(given), digest(`Bearer ${secret}`))
}

const tooLarge = (maxBytes: number) =>
  new HttpError(413, `a body has at most ${maxBytes} bytes`, { connection: 'close' })

export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  // A request that is destroyed takes its answer with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new HttpError(400, 'the body is not JSON')
  }
}

export type Answer = {
  status: number
  body: string
  contentType: string
  headers?: Record<string, string>
}

export const json = (status: number, value: unknown, headers?: Record<string, string>): Answer => ({
  status,
  body: JSON.stringify(value),
  contentType: 'application/json',
  ...(headers && { headers }),
})

export function send(response: ServerResponse, answer: Answer) {
  if (response.destroyed) return
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  })
  response.end(answer.body)
}
