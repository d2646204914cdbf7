import { bigint, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { createdAt, instant, updatedAt } from './columns.ts'
import { users } from './users.ts'

/**
 * What is known of the objects under `inbox/<userId>/`: which wait and which stay there with a reason. The store's listing
 * is the truth; a row without an object is removed by the reconcile.
 */
export const inboxObjects = pgTable(
  'inbox_objects',
  {
    ownerId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
      .$type<UserId>(),
    /** As it is named in the bucket, `inbox/<userId>/…`. */
    objectKey: text().notNull(),
    etag: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    lastModified: instant().notNull(),
    state: text({ enum: ['waiting', 'importing', 'refused'] })
      .notNull()
      .default('waiting'),
    /** Why the object stays, in words for its owner. */
    reason: text(),
    /** Chosen before the first byte is copied, so that a repeated import makes the same asset. */
    assetId: uuid().notNull().$type<AssetId>(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.ownerId, t.objectKey] }),
    index('inbox_objects_state_idx').on(t.state, t.updatedAt),
  ],
)
