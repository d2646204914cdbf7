import type { Context } from 'hono'
import { AppError } from '#contracts/errors.ts'
import type { AppEnv } from './app-env.ts'
import { IS_PAGE } from './http/security-headers.ts'

/** Vite writes a hash of the content into these names. */
const HASHED = '/assets/'

/** The gallery's files; its index.html for every path that is none of them, so that each view has an address. */
export async function servePage(c: Context<AppEnv>): Promise<Response> {
  const response = await c.env.assets.fetch(c.req.raw)
  const page = new Response(response.body, response)
  const isHashed = c.req.path.startsWith(HASHED)
  const isHtml = page.headers.get('content-type')?.startsWith('text/html') ?? false
  // A file of an older build: the page in its place would be cached for ever as a script.
  if (isHashed && isHtml) throw new AppError('not_found', `Cannot GET ${c.req.path}`)
  page.headers.set(IS_PAGE, '1')
  page.headers.set(
    'Cache-Control',
    isHashed && page.ok ? 'public, max-age=31536000, immutable' : 'no-cache',
  )
  return page
}
