import { sql } from 'drizzle-orm'
import { index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { AssetId } from '#contracts/ids.ts'
import { assets } from './assets.ts'
import { createdAt, instant } from './columns.ts'

/**
 * One row per model whose vectors are kept. Each has a table of its own with one vector column, `clip_vectors_<id>` (by
 * asset) or `face_vectors_<id>` (by face), which the function `create_vector_space` makes: the app's role may not change
 * the schema. A new model builds its space beside the active one, then takes its place.
 */
export const vectorSpaces = pgTable(
  'vector_spaces',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    kind: text({ enum: ['clip', 'face'] }).notNull(),
    model: text().notNull(),
    dimension: integer().notNull(),
    state: text({ enum: ['building', 'active', 'retired'] })
      .notNull()
      .default('building'),
    createdAt: createdAt(),
    activatedAt: instant(),
    /** Set while another model has taken its place. Its vectors stay for a while, since people change their mind. */
    retiredAt: instant(),
  },
  (t) => [
    uniqueIndex('vector_spaces_model_key').on(t.kind, t.model),
    uniqueIndex('vector_spaces_active_key').on(t.kind).where(sql`${t.state} = 'active'`),
    uniqueIndex('vector_spaces_building_key').on(t.kind).where(sql`${t.state} = 'building'`),
  ],
)

/** Which assets a model has looked at, with or without result: a landscape has no face and is done all the same. */
export const assetModelRuns = pgTable(
  'asset_model_runs',
  {
    assetId: uuid()
      .notNull()
      .references(() => assets.id, { onDelete: 'cascade' })
      .$type<AssetId>(),
    spaceId: integer()
      .notNull()
      .references(() => vectorSpaces.id, { onDelete: 'cascade' }),
    doneAt: instant().notNull().defaultNow(),
    failureReason: text(),
  },
  (t) => [
    primaryKey({ columns: [t.spaceId, t.assetId] }),
    index('asset_model_runs_asset_idx').on(t.assetId),
  ],
)
