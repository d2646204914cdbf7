import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import type { AppEnv } from '../app-env.ts'
import { ACCESS_TOKEN_COOKIE } from './tokens.ts'

/** The longest life that browsers give a cookie. */
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60

const AUTH_TYPE_COOKIE = 'immich_auth_type'
const IS_AUTHENTICATED_COOKIE = 'immich_is_authenticated'

/** The three that Immich's apps and web page know; only the last one is readable by scripts. */
export function setSessionCookies(c: Context<AppEnv>, token: string): void {
  const shared = {
    path: '/',
    sameSite: 'Lax',
    secure: c.var.client.isHttps,
    maxAge: MAX_AGE_SECONDS,
    expires: new Date(c.var.deps.clock().getTime() + MAX_AGE_SECONDS * 1000 - 1000),
  } as const
  setCookie(c, ACCESS_TOKEN_COOKIE, token, { ...shared, httpOnly: true })
  setCookie(c, AUTH_TYPE_COOKIE, 'password', { ...shared, httpOnly: true })
  setCookie(c, IS_AUTHENTICATED_COOKIE, 'true', shared)
}

export function clearSessionCookies(c: Context<AppEnv>): void {
  const options = { path: '/', secure: c.var.client.isHttps }
  for (const name of [ACCESS_TOKEN_COOKIE, AUTH_TYPE_COOKIE, IS_AUTHENTICATED_COOKIE]) {
    deleteCookie(c, name, options)
  }
}
