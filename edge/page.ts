import type { Context } from 'hono'
import type { AppEnv } from './app-env.ts'
import { IS_PAGE } from './http/security-headers.ts'

/** The gallery's files; its index.html for every path that is none of them. */
export async function servePage(c: Context<AppEnv>): Promise<Response> {
  const response = await c.env.assets.fetch(c.req.raw)
  const page = new Response(response.body, response)
  page.headers.set(IS_PAGE, '1')
  // Vite writes a hash of the content into these names.
  if (c.req.path.startsWith('/assets/') && response.ok) {
    page.headers.set('Cache-Control', 'public, max-age=31536000, immutable')
  }
  return page
}
