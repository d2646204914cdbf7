export const LIBRARY_PAGES = ['photos', 'favourites', 'archive', 'trash'] as const
export type LibraryPage = (typeof LIBRARY_PAGES)[number]

export type Route =
  | { page: LibraryPage; assetId?: string | undefined }
  | { page: 'settings'; section: string }
  | { page: 'login' }
  | { page: 'sign-up' }

export function parseRoute(path: string): Route {
  const [page = '', second] = path.split('/').filter(Boolean)
  if (page === 'login' || page === 'sign-up') return { page }
  if (page === 'settings') return { page, section: second ?? 'account' }
  const library = LIBRARY_PAGES.find((name) => name === page) ?? 'photos'
  return { page: library, assetId: second }
}

export function pathOf(route: Route): string {
  if (route.page === 'settings') return `/settings/${route.section}`
  if (route.page === 'login' || route.page === 'sign-up') return `/${route.page}`
  return route.assetId ? `/${route.page}/${route.assetId}` : `/${route.page}`
}

/** Only a path of this page may be gone to after login, whatever the address bar says. */
export function safeContinuation(wanted: string | null): string {
  if (!wanted || !/^\/(?![/\\])/.test(wanted)) return '/photos'
  const url = new URL(wanted, 'http://page.invalid')
  return url.host === 'page.invalid' ? pathOf(parseRoute(url.pathname)) : '/photos'
}

class Router {
  route = $state.raw<Route>(parseRoute(location.pathname))
  /** How many entries of the page's own history lie below this one. */
  #depth = (history.state as { depth?: number } | null)?.depth ?? 0

  constructor() {
    addEventListener('popstate', (event) => {
      this.#depth = (event.state as { depth?: number } | null)?.depth ?? 0
      this.route = parseRoute(location.pathname)
    })
  }

  go(route: Route) {
    this.#depth++
    history.pushState({ depth: this.#depth }, '', pathOf(route))
    this.route = route
  }

  replace(route: Route) {
    history.replaceState({ depth: this.#depth }, '', pathOf(route))
    this.route = route
  }

  /** Back when the person came from within, else to the fallback. Fulfilled when the page has changed. */
  leave(fallback: Route): Promise<void> {
    if (this.#depth === 0) {
      this.replace(fallback)
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      addEventListener('popstate', () => resolve(), { once: true })
      history.back()
    })
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
  router.go(parseRoute(link.pathname))
}
