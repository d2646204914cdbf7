import type { Context } from 'hono'
import { AppError } from '#contracts/errors.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import type { AppEnv } from './app-env.ts'
import { IS_PAGE, MAP_STYLES } from './http/security-headers.ts'

/** Vite writes a hash of the content into these names. */
const HASHED = '/assets/'

/** Settings that the page's policy follows are asked for this often, not for each page. */
const STYLES_KEPT_MS = 30_000
let known = { styles: '', until: 0 }

/** Addresses of map styles that an administrator set, of which there are none by default. */
async function mapStyles({ db, clock }: AppEnv['Variables']['deps']): Promise<string> {
  const now = clock().getTime()
  if (now < known.until) return known.styles
  // A page without its map is better than no page.
  const styles = await readSystemConfig(db).then(
    ({ map }) => [map.lightStyle, map.darkStyle].filter(Boolean).join(' '),
    () => '',
  )
  known = { styles, until: now + STYLES_KEPT_MS }
  return styles
}

/** The gallery's files; its index.html for every path that is none of them, so that each view has an address. */
export async function servePage(c: Context<AppEnv>): Promise<Response> {
  const response = await c.env.assets.fetch(c.req.raw)
  const page = new Response(response.body, response)
  const isHashed = c.req.path.startsWith(HASHED)
  const isHtml = page.headers.get('content-type')?.startsWith('text/html') ?? false
  // A file of an older build: the page in its place would be cached for ever as a script.
  if (isHashed && isHtml) throw new AppError('not_found', `Cannot GET ${c.req.path}`)
  page.headers.set(IS_PAGE, '1')
  const styles = isHtml ? await mapStyles(c.var.deps) : ''
  if (styles) page.headers.set(MAP_STYLES, styles)
  page.headers.set(
    'Cache-Control',
    isHashed && page.ok ? 'public, max-age=31536000, immutable' : 'no-cache',
  )
  return page
}
