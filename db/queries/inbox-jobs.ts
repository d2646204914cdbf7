import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { UserId } from '#contracts/ids.ts'
import { importInboxObject } from '#contracts/jobs/import-inbox-object.ts'
import { inboxPrefixOf } from '#contracts/object-keys.ts'
import { inboxObjects } from '../schema/tables.ts'

export type Place = { ownerId: UserId; objectKey: string }
export type Requested = { requestId: string | null }

export const at = ({ ownerId, objectKey }: Place) =>
  and(eq(inboxObjects.ownerId, ownerId), eq(inboxObjects.objectKey, objectKey))

const ANYONE = '00000000-0000-7000-8000-000000000000' as UserId
const TEMPLATE = importInboxObject.message({
  ownerId: ANYONE,
  objectKey: `${inboxPrefixOf(ANYONE)}x`,
})

/** Begins every import's dedupe key; the object's key follows. */
export const IMPORT_KEY = `${TEMPLATE.name}:`

/** One import for each row of `source` (owner_id, object_key). */
export function importOfEach(source: SQL, requestId: string | null): SQL {
  const { name, queue, attempts, priority } = TEMPLATE
  return sql`
    insert into outbox (id, queue, name, payload, dedupe_key, attempts, priority, request_id)
    select uuid_v7(), ${queue}, ${name},
      jsonb_build_object('ownerId', s.owner_id, 'objectKey', s.object_key),
      ${IMPORT_KEY}::text || s.object_key, ${attempts}::int, ${priority}::int, ${requestId}
    from ${source} as s
    on conflict (dedupe_key) where sent_at is null and failed_at is null do nothing`
}
