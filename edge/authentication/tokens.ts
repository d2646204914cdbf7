import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { base64Of } from '#contracts/checksum.ts'
import type { AppEnv } from '../app-env.ts'

const TOKEN_BYTES = 32

export const ACCESS_TOKEN_COOKIE = 'immich_access_token'

/** 32 random bytes; what is stored is the SHA-256 of the text. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
  return base64Of(bytes).replace(/[^A-Za-z0-9]/g, '')
}

export async function tokenHashOf(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))
}

export type Token = { text: string; fromCookie: boolean }

const asToken = (text: string | undefined): Token | undefined =>
  text ? { text, fromCookie: false } : undefined

/** In the order Immich's server looks. */
export function sessionTokenOf(c: Context<AppEnv>): Token | undefined {
  const bearer = c.req.header('authorization')?.match(/^bearer (.+)$/i)?.[1]
  const cookie = getCookie(c, ACCESS_TOKEN_COOKIE)
  return (
    asToken(c.req.header('x-immich-user-token')) ??
    asToken(c.req.header('x-immich-session-token')) ??
    asToken(c.req.query('sessionKey')) ??
    asToken(bearer) ??
    (cookie ? { text: cookie, fromCookie: true } : undefined)
  )
}

export const apiKeyOf = (c: Context<AppEnv>): string | undefined =>
  c.req.header('x-api-key') ?? c.req.query('apiKey')
