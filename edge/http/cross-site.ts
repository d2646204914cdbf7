import type { Context } from 'hono'
import { AppError } from '#contracts/errors.ts'
import type { AppEnv } from '../app-env.ts'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Phone apps and scripts send neither header and pass; a browser says where a request comes from. */
function saysAnotherSite(headers: Headers, ownHost: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site) return site !== 'same-origin' && site !== 'none'
  const origin = headers.get('origin')
  // The host alone: behind a TLS proxy that is not in TRUSTED_PROXIES the scheme is unknown here.
  return origin !== null && origin.replace(/^https?:\/\//, '') !== ownHost
}

/** For requests that a browser makes with the person's cookie, or that would set it. */
export function refuseCrossSite(c: Context<AppEnv>): void {
  if (!READING.has(c.req.method)) refuseOtherSite(c)
}

/** Whatever the method. */
export function refuseOtherSite(c: Context<AppEnv>): void {
  if (saysAnotherSite(c.req.raw.headers, c.var.client.host)) {
    throw new AppError('cross_site', 'Requests from another site are refused')
  }
}
