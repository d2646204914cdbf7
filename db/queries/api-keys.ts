import { and, desc, eq, isNull } from 'drizzle-orm'
import type { ApiKeyId, UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { apiKeys, users } from '../schema/users.ts'

export type ApiKey = typeof apiKeys.$inferSelect

type Own = { viewerId: UserId; apiKeyId: ApiKeyId }

const own = ({ viewerId, apiKeyId }: Own) =>
  and(eq(apiKeys.id, apiKeyId), eq(apiKeys.userId, viewerId))

/** Unscoped, since it tells who the viewer is. */
export async function findApiKeyByHash(db: Db, keyHash: Uint8Array) {
  const [found] = await db
    .select({ apiKey: apiKeys, user: users })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(and(eq(apiKeys.keyHash, keyHash), isNull(users.deletedAt)))
    .limit(1)
  return found
}

export async function insertApiKey(db: Db, apiKey: typeof apiKeys.$inferInsert): Promise<ApiKey> {
  const [inserted] = await db.insert(apiKeys).values(apiKey).returning()
  if (!inserted) throw new Error('an insert returned no row')
  return inserted
}

export async function findApiKey(db: Db, scope: Own): Promise<ApiKey | undefined> {
  const [found] = await db.select().from(apiKeys).where(own(scope)).limit(1)
  return found
}

const API_KEYS_LISTED = 1000

/** Newest first. */
export async function listApiKeys(db: Db, of: { viewerId: UserId }): Promise<ApiKey[]> {
  return await db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.userId, of.viewerId))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(API_KEYS_LISTED)
}

export async function updateApiKey(
  db: Db,
  { change, ...scope }: Own & { change: { name?: string; permissions?: string[] } },
): Promise<ApiKey | undefined> {
  const [updated] = await db.update(apiKeys).set(change).where(own(scope)).returning()
  return updated
}

export async function deleteApiKey(db: Db, scope: Own): Promise<boolean> {
  const deleted = await db.delete(apiKeys).where(own(scope)).returning({ id: apiKeys.id })
  return deleted.length > 0
}
