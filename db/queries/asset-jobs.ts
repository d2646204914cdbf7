import { type SQL, sql } from 'drizzle-orm'
import { AssetId } from '#contracts/ids.ts'
import type { JobMessage } from '#contracts/jobs/define-job.ts'

type RequestId = string | null | undefined

const COLUMNS = sql`(id, queue, name, payload, dedupe_key, attempts, priority, request_id)`
const UNLESS_WAITING = sql`on conflict (dedupe_key) where sent_at is null and failed_at is null do nothing`

/** Jobs for a statement of several parts: they are added if `source`, a part that returns rows, has any. */
export function jobsIfAny(source: SQL, messages: JobMessage[], requestId: RequestId): SQL {
  return sql`
    insert into outbox ${COLUMNS}
    select uuid_v7(), queue, name, payload, "dedupeKey", attempts, priority, ${requestId ?? null}
    from jsonb_to_recordset(${JSON.stringify(messages)}::jsonb)
      as m(queue text, name text, payload jsonb, "dedupeKey" text, attempts int, priority int)
    where exists (select from ${source})
    ${UNLESS_WAITING}`
}

const PLACEHOLDER = AssetId.parse('00000000-0000-7000-8000-000000000000')

/** One job for each asset whose `id` is in `source`, without the ids passing through the caller. */
export function jobForEach(
  source: SQL,
  messageFor: (assetId: AssetId) => JobMessage,
  requestId: RequestId,
): SQL {
  const message = messageFor(PLACEHOLDER)
  const filled = (text: string | null) =>
    sql`replace(${text}::text, ${PLACEHOLDER}, source.id::text)`
  return sql`
    insert into outbox ${COLUMNS}
    select uuid_v7(), ${message.queue}, ${message.name}, ${filled(JSON.stringify(message.payload))}::jsonb,
           ${filled(message.dedupeKey)}, ${message.attempts}::int, ${message.priority}::int, ${requestId ?? null}
    from ${source} as source
    ${UNLESS_WAITING}`
}
