import { and, desc, eq, gt, isNull, lt, ne, or, sql } from 'drizzle-orm'
import type { SessionId, UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { sessions, users } from '../schema/users.ts'

export type Session = typeof sessions.$inferSelect
export type NewSession = typeof sessions.$inferInsert

type Own = { viewerId: UserId; sessionId: SessionId }

const notExpired = (now: Date) => or(isNull(sessions.expiresAt), gt(sessions.expiresAt, now))
const own = ({ viewerId, sessionId }: Own) =>
  and(eq(sessions.id, sessionId), eq(sessions.userId, viewerId))

/** The one unscoped read of the edge: it is what tells who the viewer is. */
export async function findSessionByToken(db: Db, of: { tokenHash: Uint8Array; now: Date }) {
  const [found] = await db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.tokenHash, of.tokenHash), isNull(users.deletedAt), notExpired(of.now)))
    .limit(1)
  return found
}

export async function insertSession(db: Db, session: NewSession): Promise<Session> {
  const [inserted] = await db.insert(sessions).values(session).returning()
  if (!inserted) throw new Error('an insert returned no row')
  return inserted
}

export async function findSession(db: Db, scope: Own): Promise<Session | undefined> {
  const [found] = await db.select().from(sessions).where(own(scope)).limit(1)
  return found
}

const SESSIONS_LISTED = 1000

/** Latest used first. */
export async function listSessions(
  db: Db,
  of: { viewerId: UserId; now: Date },
): Promise<Session[]> {
  return await db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, of.viewerId), notExpired(of.now)))
    .orderBy(desc(sessions.updatedAt), desc(sessions.id))
    .limit(SESSIONS_LISTED)
}

/** Notes that it is used, at most once between two instants, so that reading does not become writing. */
export async function touchSession(
  db: Db,
  scope: Own & { seenBefore: Date; appVersion: string | null },
): Promise<void> {
  const version = scope.appVersion === null ? {} : { appVersion: scope.appVersion }
  await db
    .update(sessions)
    .set({ updatedAt: sql`now()`, ...version })
    .where(and(own(scope), lt(sessions.updatedAt, scope.seenBefore)))
}

export async function updateSession(
  db: Db,
  {
    change,
    ...scope
  }: Own & { change: Partial<Pick<Session, 'isPendingSyncReset' | 'pinExpiresAt'>> },
): Promise<Session | undefined> {
  const [updated] = await db.update(sessions).set(change).where(own(scope)).returning()
  return updated
}

export async function deleteSession(db: Db, scope: Own): Promise<boolean> {
  const deleted = await db.delete(sessions).where(own(scope)).returning({ id: sessions.id })
  return deleted.length > 0
}

/** Without `except`: all of them. A statement, for `atomically`. */
export function deleteSessions(db: Db, of: { viewerId: UserId; except: SessionId | undefined }) {
  const all = eq(sessions.userId, of.viewerId)
  return db.delete(sessions).where(of.except ? and(all, ne(sessions.id, of.except)) : all)
}
