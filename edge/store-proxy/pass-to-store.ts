import type { MiddlewareHandler } from 'hono'
import { withAnswerTimeout } from '#storage/answer-timeout.ts'
import type { AppEnv } from '../app-env.ts'

/** Ours and the ones that only mean something between two neighbours on the way. */
const DROPPED_FROM_REQUEST = [
  'cookie',
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'cf-connecting-ip',
]

const DROPPED_FROM_ANSWER = ['set-cookie', 'connection', 'keep-alive', 'server', 'vary']

/** The store answers when it has the whole body, which may come over a slow line. */
const ANSWER_TIMEOUT_MS = 60 * 60 * 1000

/** A signature in the query is what we hand out; one in the header is what S3's own tools make. */
function isSigned(url: URL, headers: Headers): boolean {
  const authorization = headers.get('authorization') ?? ''
  return url.searchParams.has('X-Amz-Signature') || authorization.startsWith('AWS4-HMAC-SHA256 ')
}

/** The host as the client wrote it: it is part of the signature. */
function urlFor(client: { origin: string }, { pathname, search }: URL): string {
  return `${client.origin}${pathname}${search}`
}

/**
 * Passes signed requests for the bucket on to the store, so that clients need to reach one port only. Everything else
 * goes to the next route: without a signature the store is not there.
 */
export const passToStore: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { settings, store, keepsHost } = c.env
  const url = new URL(c.req.url)
  const isBucket =
    url.pathname === `/${settings.S3_BUCKET}` || url.pathname.startsWith(`/${settings.S3_BUCKET}/`)
  if (!isBucket || !keepsHost || !isSigned(url, c.req.raw.headers)) return await next()

  const headers = new Headers(c.req.raw.headers)
  for (const name of DROPPED_FROM_REQUEST) headers.delete(name)
  const { method, body } = c.req.raw
  const answer = await withAnswerTimeout(ANSWER_TIMEOUT_MS, (signal) => {
    const init = {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body && { body, duplex: 'half' }),
    }
    return store.fetch(urlFor(c.var.client, url), init as RequestInit)
  })
  const response = new Response(answer.body, answer)
  for (const name of DROPPED_FROM_ANSWER) response.headers.delete(name)
  // Errors must not be kept, and what says nothing of itself belongs to this one client.
  if (!response.headers.has('cache-control') || !response.ok) {
    response.headers.set('Cache-Control', response.ok ? 'private' : 'no-store')
  }
  return response
}
