import { and, eq, inArray, lt, or, sql } from 'drizzle-orm'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { loginAttempts } from '../schema/users.ts'

export type LoginAttempt = typeof loginAttempts.$inferSelect
export type LoginSubject = Pick<LoginAttempt, 'scope' | 'subject'>

const isOneOf = (subjects: LoginSubject[]) =>
  or(
    ...subjects.map(({ scope, subject }) =>
      and(eq(loginAttempts.scope, scope), eq(loginAttempts.subject, subject)),
    ),
  )

type Take = { subjects: LoginSubject[]; now: Date; windowMs: number }

/**
 * Counts a try as failed before it is made, so that many at once cannot all pass the check. The window begins
 * with its first failure and does not move with later ones: nobody is locked out for longer than one window.
 */
export async function takeLoginAttempt(db: Db, take: Take): Promise<LoginAttempt[]> {
  const { subjects, now, windowMs } = take
  const isOver = sql`${loginAttempts.windowStartedAt} <= ${new Date(now.getTime() - windowMs).toISOString()}`
  return await db
    .insert(loginAttempts)
    // In one order always, or two tries with the same subjects could wait for each other.
    .values(
      subjects
        .toSorted((a, b) => a.scope.localeCompare(b.scope))
        .map((subject) => ({ ...subject, failures: 1, windowStartedAt: now })),
    )
    .onConflictDoUpdate({
      target: [loginAttempts.scope, loginAttempts.subject],
      set: {
        failures: sql`case when ${isOver} then 1 else ${loginAttempts.failures} + 1 end`,
        windowStartedAt: sql`case when ${isOver} then excluded.window_started_at else ${loginAttempts.windowStartedAt} end`,
      },
    })
    .returning()
}

/** Takes the count back: the try did not fail, or was never made. */
export async function returnLoginAttempt(db: Db, subjects: LoginSubject[]): Promise<void> {
  await db
    .update(loginAttempts)
    .set({ failures: sql`greatest(${loginAttempts.failures} - 1, 0)` })
    .where(isOneOf(subjects))
}

/** After a login: the account starts anew, the address only gets this try back. Windows long past go. */
export async function forgiveLoginAttempts(
  db: Db,
  of: { account: string; address: string | undefined; endedBefore: Date },
): Promise<void> {
  const forgiven = and(eq(loginAttempts.scope, 'account'), eq(loginAttempts.subject, of.account))
  await atomically(db, (q) => [
    q.delete(loginAttempts).where(or(forgiven, lt(loginAttempts.windowStartedAt, of.endedBefore))),
    q
      .update(loginAttempts)
      .set({ failures: sql`greatest(${loginAttempts.failures} - 1, 0)` })
      .where(
        and(
          eq(loginAttempts.scope, 'address'),
          inArray(loginAttempts.subject, of.address ? [of.address] : []),
        ),
      ),
  ])
}
