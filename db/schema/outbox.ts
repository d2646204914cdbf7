import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { QueueName } from '#contracts/jobs/define-job.ts'
import { createdAt, instant, updatedAt } from './columns.ts'

/**
 * Jobs to be done. The id is the BullMQ job id. `sentAt` is set when it was put into its queue, the row goes when
 * the job is done, `failedAt` and `lastError` stand when its tries are used up.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: uuid().primaryKey(),
    queue: text().notNull().$type<QueueName>(),
    name: text().notNull(),
    payload: jsonb().notNull().$type<Record<string, unknown>>(),
    dedupeKey: text(),
    attempts: integer().notNull(),
    priority: integer().notNull().default(0),
    requestId: text(),
    runAfter: instant().notNull().defaultNow(),
    sentAt: instant(),
    failedAt: instant(),
    lastError: text(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('outbox_waiting_dedupe_key')
      .on(t.dedupeKey)
      .where(sql`${t.sentAt} is null and ${t.failedAt} is null`),
    index('outbox_unsent_idx')
      .on(t.runAfter)
      .where(sql`${t.sentAt} is null and ${t.failedAt} is null`),
    index('outbox_sent_idx')
      .on(t.sentAt)
      .where(sql`${t.sentAt} is not null and ${t.failedAt} is null`),
    index('outbox_failed_idx').on(t.queue, t.failedAt).where(sql`${t.failedAt} is not null`),
  ],
)

/** One row per subject: `system-config`, and what is known about the installation (`initialized`, …). */
export const systemMetadata = pgTable('system_metadata', {
  key: text().primaryKey(),
  value: jsonb().notNull().$type<Record<string, unknown>>(),
  updatedAt: updatedAt(),
})
