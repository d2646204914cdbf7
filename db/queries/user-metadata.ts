import { and, eq, sql } from 'drizzle-orm'
import type { UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { userMetadata } from '../schema/users.ts'

type Key = (typeof userMetadata.$inferSelect)['key']
type Own = { viewerId: UserId; key: Key }
type Value = Record<string, unknown>

const own = ({ viewerId, key }: Own) =>
  and(eq(userMetadata.userId, viewerId), eq(userMetadata.key, key))

export async function findUserMetadata(db: Db, scope: Own): Promise<Value | undefined> {
  const [found] = await db
    .select({ value: userMetadata.value })
    .from(userMetadata)
    .where(own(scope))
    .limit(1)
  return found?.value
}

/** Merges two levels deep in one statement, so that changes to different sections at the same time both stay. */
export async function mergeUserMetadata(
  db: Db,
  { viewerId, key, change }: Own & { change: Value },
): Promise<Value> {
  const [merged] = await db
    .insert(userMetadata)
    .values({ userId: viewerId, key, value: change })
    .onConflictDoUpdate({
      target: [userMetadata.userId, userMetadata.key],
      set: {
        value: sql`(
          select jsonb_object_agg(name, case
            when jsonb_typeof(excluded.value -> name) = 'object'
              then coalesce(${userMetadata.value} -> name, '{}') || (excluded.value -> name)
            else coalesce(excluded.value -> name, ${userMetadata.value} -> name) end)
          from jsonb_object_keys(${userMetadata.value} || excluded.value) as name)`,
      },
    })
    .returning({ value: userMetadata.value })
  return merged?.value ?? {}
}

export async function deleteUserMetadata(db: Db, scope: Own): Promise<void> {
  await db.delete(userMetadata).where(own(scope))
}
