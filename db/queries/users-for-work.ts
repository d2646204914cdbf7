import { and, eq, inArray, sql } from 'drizzle-orm'
import type { UserId } from '#contracts/ids.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { uploads, users } from '../schema/tables.ts'
import type { Upload } from './uploads.ts'

/** From here on a removed user cannot come back. False when the user is gone, or came back before. */
export async function markUserRemovingForWork(db: Db, userId: UserId): Promise<boolean> {
  const marked = await db
    .update(users)
    .set({ status: 'removing' })
    .where(and(eq(users.id, userId), inArray(users.status, ['deleted', 'removing'])))
    .returning({ id: users.id })
  return marked.length > 0
}

/** Open uploads of either kind that run as multipart uploads in the store. */
export async function listMultipartUploadsForWork(
  db: Db,
  { ownerId, limit }: { ownerId: UserId; limit: number },
): Promise<Upload[]> {
  return await db
    .select()
    .from(uploads)
    .where(and(eq(uploads.ownerId, ownerId), sql`${uploads.multipartId} is not null`))
    .orderBy(uploads.id)
    .limit(limit)
}

/** The row of a user who has no asset left, with what still points to it. */
export async function deleteUserForWork(db: Db, userId: UserId): Promise<void> {
  await atomically(db, (q) => [
    q.delete(uploads).where(eq(uploads.ownerId, userId)),
    q.delete(users).where(and(eq(users.id, userId), eq(users.status, 'removing'))),
  ])
}
