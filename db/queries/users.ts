import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { UserId } from '#contracts/ids.ts'
import type { JobMessage } from '#contracts/jobs/define-job.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { type sessions, users } from '../schema/users.ts'
import { deleteWaitingJob, insertJobs } from './outbox.ts'
import { deleteSessions } from './sessions.ts'

export type User = typeof users.$inferSelect
export type NewUser = typeof users.$inferInsert
export type UserChange = Partial<
  Pick<
    User,
    | 'email'
    | 'name'
    | 'passwordHash'
    | 'pinCodeHash'
    | 'avatarColor'
    | 'isAdmin'
    | 'quotaSizeBytes'
    | 'shouldChangePassword'
    | 'storageLabel'
  >
>

const USERS_LISTED = 10_000
/** Any number that no other advisory lock of ours uses. */
const SIGN_UP_LOCK = 7_402_001

const isActive = isNull(users.deletedAt)

export async function hasAdmin(db: Db): Promise<boolean> {
  const found = await db
    .select({ id: users.id })
    .from(users)
    .where(eq(users.isAdmin, true))
    .limit(1)
  return found.length > 0
}

type FirstAdmin = Required<Pick<NewUser, 'id' | 'email' | 'name' | 'storageLabel'>> & {
  passwordHash: string
}

/** Inserts the first administrator, and nothing when there is one: undefined. Safe against sign-ups at the same time. */
export async function insertFirstAdmin(db: Db, admin: FirstAdmin): Promise<User | undefined> {
  const { id, email, name, passwordHash, storageLabel } = admin
  const [, , found] = await atomically(db, (q) => [
    q.execute(sql`select pg_advisory_xact_lock(${SIGN_UP_LOCK})`),
    q.execute(sql`
      insert into users (id, email, name, password_hash, storage_label, is_admin)
      select ${id}::uuid, ${email}, ${name}, ${passwordHash}, ${storageLabel}, true
      where not exists (select from users where is_admin)`),
    q.select().from(users).where(eq(users.id, id)),
  ])
  return found[0]
}

/** The administrator who signed up first. */
export async function findFirstAdminForWork(db: Db): Promise<User | undefined> {
  const [found] = await db
    .select()
    .from(users)
    .where(and(eq(users.isAdmin, true), isActive))
    .orderBy(asc(users.createdAt), asc(users.id))
    .limit(1)
  return found
}

/** Only for login, which has no viewer yet. */
export async function findUserByEmail(db: Db, email: string): Promise<User | undefined> {
  const [found] = await db
    .select()
    .from(users)
    .where(and(eq(users.email, email), isActive))
    .limit(1)
  return found
}

/** Among active users; administrators see the removed ones through `findAnyUser`. */
export async function findUser(db: Db, userId: UserId): Promise<User | undefined> {
  const [found] = await db
    .select()
    .from(users)
    .where(and(eq(users.id, userId), isActive))
    .limit(1)
  return found
}

export async function findAnyUser(db: Db, userId: UserId): Promise<User | undefined> {
  const [found] = await db.select().from(users).where(eq(users.id, userId)).limit(1)
  return found
}

type Listing = { userId?: UserId | undefined; withDeleted?: boolean }

/** Oldest first. */
export async function listUsers(db: Db, { userId, withDeleted }: Listing): Promise<User[]> {
  const ofId = userId ? eq(users.id, userId) : undefined
  return await db
    .select()
    .from(users)
    .where(and(ofId, withDeleted ? undefined : isActive))
    .orderBy(asc(users.createdAt), asc(users.id))
    .limit(USERS_LISTED)
}

export async function insertUser(db: Db, user: NewUser): Promise<User> {
  const [inserted] = await db.insert(users).values(user).returning()
  if (!inserted) throw new Error('an insert returned no row')
  return inserted
}

type Update = {
  userId: UserId
  change: UserChange
  /** A new password ends the sessions that the old one opened, but for this one. */
  endSessions?: { except: (typeof sessions.$inferSelect)['id'] | undefined }
}

export async function updateUser(db: Db, update: Update): Promise<User | undefined> {
  const { userId, change, endSessions } = update
  const changed = Object.values(change).some((value) => value !== undefined)
  const [found] = await atomically(db, (q) => [
    changed
      ? q.update(users).set(change).where(eq(users.id, userId)).returning()
      : q.select().from(users).where(eq(users.id, userId)),
    ...(endSessions ? [deleteSessions(q, { viewerId: userId, except: endSessions.except })] : []),
  ])
  return found[0]
}

/** A password that was hashed by older rules is stored anew, unless it was changed meanwhile. */
export async function upgradePasswordHash(
  db: Db,
  { userId, from, to }: { userId: UserId; from: string; to: string },
): Promise<void> {
  await db
    .update(users)
    .set({ passwordHash: to })
    .where(and(eq(users.id, userId), eq(users.passwordHash, from)))
}

type Removal = {
  userId: UserId
  status: 'deleted' | 'removing'
  deletedAt: Date
  job: JobMessage
  runAfter: Date
  requestId: string
}

/** Marks the user as removed, ends every session, and leaves the job that deletes everything for its time. */
export async function removeUser(db: Db, removal: Removal): Promise<User | undefined> {
  const { userId, status, deletedAt, job, runAfter, requestId } = removal
  const [removed] = await atomically(db, (q) => [
    q.update(users).set({ status, deletedAt }).where(eq(users.id, userId)).returning(),
    deleteSessions(q, { viewerId: userId, except: undefined }),
    deleteWaitingJob(q, job),
    insertJobs(q, [job], { requestId, runAfter }),
  ])
  return removed[0]
}

/** A user whose deletion has begun cannot come back. */
export async function restoreUser(
  db: Db,
  { userId, job }: { userId: UserId; job: JobMessage },
): Promise<User | undefined> {
  const [restored] = await atomically(db, (q) => [
    q
      .update(users)
      .set({ status: 'active', deletedAt: null })
      .where(and(eq(users.id, userId), eq(users.status, 'deleted')))
      .returning(),
    deleteWaitingJob(q, job),
  ])
  return restored[0]
}
