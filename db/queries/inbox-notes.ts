import { sql } from 'drizzle-orm'
import type { UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { IMPORT_KEY, importOfEach, type Requested } from './inbox-jobs.ts'

/** As the store tells it; `etag` without quotation marks. */
export type SeenObject = {
  ownerId: UserId
  objectKey: string
  etag: string
  sizeBytes: number
  lastModified: Date
}

const listed = (objects: SeenObject[]) => sql`
  jsonb_to_recordset(${JSON.stringify(objects)}::jsonb) as l("ownerId" uuid, "objectKey" text, etag text,
    "sizeBytes" bigint, "lastModified" timestamptz)`

/** Its removal has a job of its own by now. */
const JUST_IMPORTED = sql`o.state = 'imported' and o.updated_at > now() - interval '1 minute'`

const IS_SAME = sql`o.etag = l.etag and o.size_bytes = l."sizeBytes"`

/**
 * Notes objects that are new or changed, each with the job that imports it; what is known as it is costs no write.
 * Answers how many there were. What is an asset and still lies there gets the job alone, which removes it. Objects of
 * nobody are left alone.
 */
export async function noteInboxObjects(
  db: Db,
  { objects, requestId }: Requested & { objects: SeenObject[] },
): Promise<number> {
  if (objects.length === 0) return 0
  const { rows } = await db.execute<{ count: string }>(sql`
    with noted as (
      insert into inbox_objects (owner_id, object_key, etag, size_bytes, last_modified, asset_id)
      select l."ownerId", l."objectKey", l.etag, l."sizeBytes", l."lastModified", uuid_v7()
      from ${listed(objects)} join users u on u.id = l."ownerId"
      where not exists (
        select from inbox_objects o where o.owner_id = l."ownerId" and o.object_key = l."objectKey"
          and ((${IS_SAME}) or (${JUST_IMPORTED})))
      on conflict (owner_id, object_key) do update set etag = excluded.etag, size_bytes = excluded.size_bytes,
        last_modified = excluded.last_modified, state = 'waiting', reason = null
      returning owner_id, object_key),
    left_over as (
      select o.owner_id, o.object_key from ${listed(objects)}
      join inbox_objects o on o.owner_id = l."ownerId" and o.object_key = l."objectKey"
      where o.state = 'imported' and ${IS_SAME} and not (${JUST_IMPORTED}) and not exists (
        select from outbox x where x.dedupe_key = ${IMPORT_KEY}::text || o.object_key and x.failed_at is null)),
    wanted as (select owner_id, object_key from noted union all select owner_id, object_key from left_over),
    queued as (${importOfEach(sql`wanted`, requestId)})
    select count(*) as count from noted`)
  return Number(rows[0]?.count)
}

/**
 * What an event tells: a hint, which the job checks. False when the inbox belongs to nobody. Unlike a listing it is a
 * change in any case, also when the same bytes came again.
 */
export async function noteInboxEvent(
  db: Db,
  { object, requestId }: Requested & { object: SeenObject },
): Promise<boolean> {
  const { rows } = await db.execute(sql`
    with owner as (select id as owner_id, l."objectKey" as object_key, l.*
      from ${listed([object])} join users u on u.id = l."ownerId"),
    noted as (
      insert into inbox_objects (owner_id, object_key, etag, size_bytes, last_modified, asset_id)
      select owner_id, object_key, etag, "sizeBytes", "lastModified", uuid_v7() from owner
      on conflict (owner_id, object_key) do nothing),
    queued as (${importOfEach(sql`owner`, requestId)})
    select owner_id from owner`)
  return rows.length > 0
}
