export const LIBRARY_PAGES = ['photos', 'favourites', 'archive', 'trash'] as const
export type LibraryPage = (typeof LIBRARY_PAGES)[number]

type Opened = { assetId?: string | undefined }

/** Pages that show assets, and over them the viewer with one. */
export type AssetRoute =
  | ({ page: LibraryPage } & Opened)
  | ({ page: 'search'; query: string } & Opened)
  | ({ page: 'person'; personId: string } & Opened)
  | ({ page: 'map'; query: string } & Opened)

export type Route =
  | AssetRoute
  | { page: 'people' }
  | { page: 'settings'; section: string }
  | { page: 'admin'; section: string }
  | { page: 'login' }
  | { page: 'sign-up' }

export function parseRoute(path: string, search = ''): Route {
  const [page = '', second, third] = path.split('/').filter(Boolean)
  const query = search.replace(/^\?/, '')
  switch (page) {
    case 'login':
    case 'sign-up':
      return { page }
    case 'settings':
      // Its address before there was a page for administrators.
      if (second === 'users') return { page: 'admin', section: second }
      return { page, section: second ?? 'account' }
    case 'admin':
      return { page, section: second ?? 'jobs' }
    case 'people':
      return second ? { page: 'person', personId: second, assetId: third } : { page }
    case 'search':
    case 'map':
      return { page, query, assetId: second }
    default: {
      const library = LIBRARY_PAGES.find((name) => name === page) ?? 'photos'
      return { page: library, assetId: second }
    }
  }
}

export function pathOf(route: Route): string {
  switch (route.page) {
    case 'login':
    case 'sign-up':
    case 'people':
      return `/${route.page}`
    case 'settings':
    case 'admin':
      return `/${route.page}/${route.section}`
    case 'person':
      return withAsset(`/people/${route.personId}`, route)
    case 'search':
    case 'map':
      return withAsset(`/${route.page}`, route) + (route.query ? `?${route.query}` : '')
    default:
      return withAsset(`/${route.page}`, route)
  }
}

const withAsset = (path: string, { assetId }: Opened) => (assetId ? `${path}/${assetId}` : path)

/** Only a path of this page may be gone to after login, whatever the address bar says. */
export function safeContinuation(wanted: string | null): string {
  if (!wanted || !/^\/(?![/\\])/.test(wanted)) return '/photos'
  const url = new URL(wanted, 'http://page.invalid')
  return url.host === 'page.invalid' ? pathOf(parseRoute(url.pathname, url.search)) : '/photos'
}

class Router {
  route = $state.raw<Route>(parseRoute(location.pathname, location.search))
  /** How many entries of the page's own history lie below this one. */
  #depth = (history.state as { depth?: number } | null)?.depth ?? 0
  #leaving: Promise<void> | undefined

  constructor() {
    addEventListener('popstate', (event) => {
      this.#leaving = undefined
      this.#depth = (event.state as { depth?: number } | null)?.depth ?? 0
      this.route = parseRoute(location.pathname, location.search)
    })
  }

  go(route: Route) {
    this.#leaving = undefined
    this.#depth++
    history.pushState({ depth: this.#depth }, '', pathOf(route))
    this.route = route
  }

  replace(route: Route) {
    history.replaceState({ depth: this.#depth }, '', pathOf(route))
    this.route = route
  }

  /**
   * Back when the person came from within, else to the fallback. Fulfilled when the page has changed; the way back takes
   * a moment, in which a second wish to leave is the same wish.
   */
  leave(fallback: Route): Promise<void> {
    if (this.#depth === 0) {
      this.replace(fallback)
      return Promise.resolve()
    }
    this.#leaving ??= new Promise((resolve) => {
      addEventListener('popstate', () => resolve(), { once: true })
      history.back()
    })
    return this.#leaving
  }
}

export const router = new Router()

/** For links: a plain click stays in the page, a click with a key opens what the browser opens. */
export function followLink(event: MouseEvent) {
  const link = event.currentTarget
  if (!(link instanceof HTMLAnchorElement)) return
  if (event.defaultPrevented || event.button !== 0) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  router.go(parseRoute(link.pathname, link.search))
}
