import type { Context } from 'hono'
import { AppError } from '#contracts/errors.ts'
import { findApiKeyByHash } from '#db/queries/api-keys.ts'
import { findSessionByToken, type Session, touchSession } from '#db/queries/sessions.ts'
import type { User } from '#db/queries/users.ts'
import type { AppEnv } from '../app-env.ts'
import { refuseCrossSite } from '../http/cross-site.ts'
import { deviceOf } from './device.ts'
import { apiKeyOf, sessionTokenOf, type Token, tokenHashOf } from './tokens.ts'
import type { Viewer } from './viewer.ts'

const TOUCH_AFTER_MS = 60 * 60 * 1000

/** The viewer by session token, else by API key, in Immich's order. */
export async function findViewer(c: Context<AppEnv>): Promise<Viewer> {
  const token = sessionTokenOf(c)
  if (token) return await viewerBySession(c, token)
  const apiKey = apiKeyOf(c)
  if (apiKey) return await viewerByApiKey(c, apiKey)
  throw new AppError('not_authenticated', 'Authentication required')
}

async function viewerBySession(c: Context<AppEnv>, token: Token): Promise<Viewer> {
  if (token.fromCookie) refuseCrossSite(c)
  const { db, clock } = c.var.deps
  const now = clock()
  const found = await findSessionByToken(db, { tokenHash: await tokenHashOf(token.text), now })
  if (!found) throw new AppError('not_authenticated', 'Invalid user token')
  const { session, user } = found
  await touch(c, session, now)
  const isElevated = session.pinExpiresAt !== null && session.pinExpiresAt > now
  const { fromCookie } = token
  const { id: sessionId, expiresAt } = session
  return {
    ...identityOf(user),
    askedAt: now,
    proof: { kind: 'session', sessionId, isElevated, expiresAt, fromCookie },
  }
}

async function touch(c: Context<AppEnv>, session: Session, now: Date) {
  const seenBefore = new Date(now.getTime() - TOUCH_AFTER_MS)
  if (session.updatedAt > seenBefore) return
  const scope = { viewerId: session.userId, sessionId: session.id }
  const { appVersion } = deviceOf(c.req.raw.headers)
  await touchSession(c.var.deps.db, { ...scope, seenBefore, appVersion })
}

async function viewerByApiKey(c: Context<AppEnv>, key: string): Promise<Viewer> {
  const { db, clock } = c.var.deps
  const askedAt = clock()
  const found = await findApiKeyByHash(db, await tokenHashOf(key))
  if (!found) throw new AppError('not_authenticated', 'Invalid API key')
  const { id: apiKeyId, permissions } = found.apiKey
  return { ...identityOf(found.user), askedAt, proof: { kind: 'apiKey', apiKeyId, permissions } }
}

function identityOf(user: User) {
  const { id, email, name, isAdmin, quotaSizeBytes, quotaUsageBytes } = user
  return { id, email, name, isAdmin, quotaSizeBytes, quotaUsageBytes }
}
