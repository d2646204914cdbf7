import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../app-env.ts'

/**
 * For the gallery's page: nothing inline runs; wasm is what hashes files in a web worker. A map style that an administrator
 * set names further servers itself, for tiles and letters: with one, pictures and data may come from any by https.
 */
function pagePolicy(storeOrigin: string, mapOrigins: string): string {
  return [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    `img-src 'self' blob:${storeOrigin}${mapOrigins}`,
    `media-src 'self' blob:${storeOrigin}`,
    `connect-src 'self' blob:${storeOrigin}${mapOrigins}`,
    "worker-src 'self'",
    "font-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** For answers of the API and objects of the store: whatever the bytes are, they are no page. */
const BYTES_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; frame-ancestors 'none'; sandbox"

const FOR_ALL = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  'X-Robots-Tag': 'noindex, nofollow',
}

const originOf = (url: string | undefined) => (url ? ` ${new URL(url).origin}` : '')

const isJson = ({ headers }: Response) =>
  headers.get('content-type')?.startsWith('application/json') ?? false

/** Static answers are told apart by this: the last route hands them on from ASSETS. */
export const IS_PAGE = 'X-Tintype-Static'

/** With IS_PAGE: the addresses of the map's styles, where there are any. */
export const MAP_STYLES = 'X-Tintype-Map-Styles'

function mapOriginsOf(styles: string | null): string {
  const origins = (styles ?? '')
    .split(' ')
    .flatMap((url) => (URL.canParse(url) ? [new URL(url).origin] : []))
  return origins.length > 0 ? ` https: ${[...new Set(origins)].join(' ')}` : ''
}

export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  // A WebSocket: it has no page to protect, and such a response cannot be made anew.
  if (c.res.status === 101) return
  const response = new Response(c.res.body, c.res)
  const isStatic = response.headers.has(IS_PAGE)
  const mapOrigins = mapOriginsOf(response.headers.get(MAP_STYLES))
  for (const name of [IS_PAGE, MAP_STYLES]) response.headers.delete(name)
  for (const [name, value] of Object.entries(FOR_ALL)) response.headers.set(name, value)
  // On plain http browsers only complain about it.
  if (c.var.client.isHttps) response.headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  const policy = isStatic
    ? pagePolicy(originOf(c.env.settings.S3_PUBLIC_URL), mapOrigins)
    : BYTES_POLICY
  response.headers.set('Content-Security-Policy', policy)
  response.headers.set('X-Correlation-ID', c.var.requestId)
  if (isJson(response) && !response.headers.has('Cache-Control')) {
    response.headers.set('Cache-Control', 'no-store')
  }
  // Hono copies the headers of an earlier response onto a later one; these are complete.
  c.res = undefined
  c.res = response
}
