import type { ServerConfigDto } from '#contracts/api/server.ts'
import type { UserAdminResponseDto } from '#contracts/api/users.ts'
import { ApiError, callApi, listenToApi } from './api/http.ts'
import { pathOf, router, safeContinuation } from './router.svelte.ts'

type Phase = 'starting' | 'unreachable' | 'first-run' | 'signed-out' | 'signed-in'

/** How often an unreachable server is asked whether it is back. */
const KNOCK_MS = 5_000

class Session {
  phase = $state<Phase>('starting')
  user = $state.raw<UserAdminResponseDto>()
  config = $state.raw<ServerConfigDto>()
  isReached = $state(true)
  isOnline = $state(navigator.onLine)
  /** The session that ends is the person's own wish, and a fresh page is on its way. */
  #isLeaving = false

  constructor() {
    listenToApi({
      onSignedOut: () => this.#expire(),
      onReached: (isReached) => {
        this.isReached = isReached
      },
    })
    addEventListener('online', () => {
      this.isOnline = true
      this.isReached = true
    })
    addEventListener('offline', () => {
      this.isOnline = false
    })
  }

  async start() {
    try {
      const [config, user] = await Promise.all([
        callApi<ServerConfigDto>('GET', '/api/server/config'),
        findMe(),
      ])
      this.config = config
      if (user) this.#enter(user)
      else if (!config.isInitialized) this.#ask('first-run')
      else this.#ask('signed-out')
    } catch {
      this.phase = 'unreachable'
      setTimeout(() => this.phase === 'unreachable' && void this.start(), KNOCK_MS)
    }
  }

  /** Asks until the server answers; every answered call tells so by itself. */
  knock(): () => void {
    const timer = setInterval(() => {
      if (this.isOnline) void callApi('GET', '/api/server/ping').catch(() => {})
    }, KNOCK_MS)
    return () => clearInterval(timer)
  }

  async logIn(email: string, password: string) {
    await callApi('POST', '/api/auth/login', { body: { email, password } })
    const user = await findMe()
    if (!user) throw new ApiError(401, 'The browser did not keep the session. Are cookies allowed?')
    const wanted = new URLSearchParams(location.search).get('continue')
    this.#enter(user, safeContinuation(wanted))
  }

  async signUp(form: { name: string; email: string; password: string; signupCode?: string }) {
    await callApi('POST', '/api/auth/admin-sign-up', { body: form })
    await this.logIn(form.email, form.password)
  }

  async logOut() {
    this.#isLeaving = true
    await callApi('POST', '/api/auth/logout').catch(() => {})
    // A fresh page is the surest way to forget what the last person saw.
    location.assign('/login')
  }

  async refreshUser() {
    this.user = (await findMe()) ?? this.user
  }

  #enter(user: UserAdminResponseDto, path?: string) {
    this.user = user
    this.phase = 'signed-in'
    if (path !== undefined) {
      history.replaceState(null, '', path)
      dispatchEvent(new PopStateEvent('popstate', { state: null }))
    } else if (router.route.page === 'login' || router.route.page === 'sign-up') {
      router.replace({ page: 'photos' })
    } else if (location.pathname === '/') {
      router.replace({ page: 'photos' })
    }
  }

  #ask(phase: 'first-run' | 'signed-out') {
    const page = phase === 'first-run' ? 'sign-up' : 'login'
    const from = router.route
    this.phase = phase
    router.replace({ page })
    if (page === 'login' && from.page !== 'login' && from.page !== 'sign-up') {
      const path = pathOf(from)
      if (path !== '/photos') {
        history.replaceState(history.state, '', `/login?continue=${encodeURIComponent(path)}`)
      }
    }
  }

  #expire() {
    if (this.phase !== 'signed-in' || this.#isLeaving) return
    this.user = undefined
    this.#ask('signed-out')
  }
}

async function findMe(): Promise<UserAdminResponseDto | undefined> {
  try {
    return await callApi<UserAdminResponseDto>('GET', '/api/users/me')
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return undefined
    throw error
  }
}

export const session = new Session()
