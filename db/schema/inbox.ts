import { bigint, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { createdAt, instant, updatedAt } from './columns.ts'
import { users } from './users.ts'

/**
 * What is known of the objects under `inbox/<userId>/`: which wait and which stay there with a reason. The store's listing
 * is the truth; a row without an object is removed by the reconcile, but `imported` ones stay for a month: by them
 * a sidecar that comes later finds the asset that its file became.
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
    /** Without its quotation marks. */
    etag: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    lastModified: instant().notNull(),
    state: text({ enum: ['waiting', 'importing', 'refused', 'imported'] })
      .notNull()
      .default('waiting'),
    /** Why the object stays, in words for its owner. */
    reason: text(),
    /** The asset that it became, or that has its bytes already. Until then, the one that the latest try would make. */
    assetId: uuid().notNull().$type<AssetId>(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.ownerId, t.objectKey] }),
    index('inbox_objects_state_idx').on(t.state, t.updatedAt),
  ],
)
