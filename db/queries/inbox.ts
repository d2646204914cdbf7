import { and, asc, eq, inArray, ne, sql } from 'drizzle-orm'
import type { UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { inboxObjects } from '../schema/tables.ts'
import { importOfEach, type Requested } from './inbox-jobs.ts'

export type InboxRow = typeof inboxObjects.$inferSelect

export type InboxCounts = { waiting: number; importing: number; refused: number }

export async function countInbox(db: Db, { viewerId }: { viewerId: UserId }): Promise<InboxCounts> {
  const count = (state: InboxRow['state']) =>
    sql<number>`count(*) filter (where ${inboxObjects.state} = ${state})`.mapWith(Number)
  const [counts] = await db
    .select({
      waiting: count('waiting'),
      importing: count('importing'),
      refused: count('refused'),
    })
    .from(inboxObjects)
    .where(eq(inboxObjects.ownerId, viewerId))
  return counts ?? { waiting: 0, importing: 0, refused: 0 }
}

export type InboxCursor = { isRefused: boolean; objectKey: string }

/** Refused ones first, then in the order of keys. */
export async function listInbox(
  db: Db,
  { viewerId, after, limit }: { viewerId: UserId; after: InboxCursor | undefined; limit: number },
): Promise<InboxRow[]> {
  const rank = sql`(${inboxObjects.state} <> 'refused')`
  return await db
    .select()
    .from(inboxObjects)
    .where(
      and(
        eq(inboxObjects.ownerId, viewerId),
        ne(inboxObjects.state, 'imported'),
        after
          ? sql`(${rank}, ${inboxObjects.objectKey}) > (${!after.isRefused}::boolean, ${after.objectKey})`
          : undefined,
      ),
    )
    .orderBy(rank, asc(inboxObjects.objectKey))
    .limit(limit)
}

/** Those of these objects that are listed for the viewer, each as it was when it was noted. */
export async function listInboxVersions(
  db: Db,
  { viewerId, keys }: { viewerId: UserId; keys: string[] },
): Promise<Pick<InboxRow, 'objectKey' | 'etag'>[]> {
  return await db
    .select({ objectKey: inboxObjects.objectKey, etag: inboxObjects.etag })
    .from(inboxObjects)
    .where(
      and(
        eq(inboxObjects.ownerId, viewerId),
        inArray(inboxObjects.objectKey, keys),
        ne(inboxObjects.state, 'imported'),
      ),
    )
    .orderBy(asc(inboxObjects.objectKey))
}

export async function deleteInboxObjects(
  db: Db,
  { viewerId, keys }: { viewerId: UserId; keys: string[] },
): Promise<void> {
  await db
    .delete(inboxObjects)
    .where(
      and(
        eq(inboxObjects.ownerId, viewerId),
        inArray(inboxObjects.objectKey, keys),
        ne(inboxObjects.state, 'imported'),
      ),
    )
}

/** Has the viewer's refused or waiting objects looked at again. */
export async function retryInboxObjects(
  db: Db,
  { viewerId, keys, requestId }: Requested & { viewerId: UserId; keys: string[] },
): Promise<void> {
  await db.execute(sql`
    with wanted as (select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb) as key),
    retried as (
      update inbox_objects o set state = 'waiting', reason = null from wanted w
      where o.owner_id = ${viewerId} and o.object_key = w.key and o.state in ('refused', 'waiting')
      returning o.owner_id, o.object_key),
    queued as (${importOfEach(sql`retried`, requestId)})
    select from retried`)
}
