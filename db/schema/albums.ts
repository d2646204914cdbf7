import { sql } from 'drizzle-orm'
import { boolean, index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { AlbumId, AssetId, UserId } from '#contracts/ids.ts'
import { assets } from './assets.ts'
import { createdAt, updatedAt, updateId } from './columns.ts'
import { users } from './users.ts'

export const albums = pgTable(
  'albums',
  {
    id: uuid().primaryKey().$type<AlbumId>(),
    name: text().notNull().default(''),
    description: text().notNull().default(''),
    thumbnailAssetId: uuid()
      .references(() => assets.id, { onDelete: 'set null' })
      .$type<AssetId>(),
    isActivityEnabled: boolean().notNull().default(true),
    order: text({ enum: ['asc', 'desc'] })
      .notNull()
      .default('desc'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    index('albums_update_id_idx').on(t.updateId),
    index('albums_thumbnail_asset_idx').on(t.thumbnailAssetId),
  ],
)

export const albumAudit = pgTable(
  'album_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    albumId: uuid().notNull().$type<AlbumId>(),
    userId: uuid().notNull().$type<UserId>(),
    deletedAt: createdAt(),
  },
  (t) => [
    index('album_audit_user_idx').on(t.userId, t.id),
    index('album_audit_deleted_at_idx').on(t.deletedAt),
  ],
)

/** Members, the owner among them. */
export const albumUsers = pgTable(
  'album_users',
  {
    albumId: uuid()
      .notNull()
      .references(() => albums.id, { onDelete: 'cascade' })
      .$type<AlbumId>(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
      .$type<UserId>(),
    role: text({ enum: ['owner', 'editor', 'viewer'] }).notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    primaryKey({ columns: [t.albumId, t.userId] }),
    index('album_users_user_idx').on(t.userId, t.updateId),
    uniqueIndex('album_users_owner_key').on(t.albumId).where(sql`${t.role} = 'owner'`),
  ],
)

export const albumUserAudit = pgTable(
  'album_user_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    albumId: uuid().notNull().$type<AlbumId>(),
    userId: uuid().notNull().$type<UserId>(),
    deletedAt: createdAt(),
  },
  (t) => [
    index('album_user_audit_user_idx').on(t.userId, t.id),
    index('album_user_audit_deleted_at_idx').on(t.deletedAt),
  ],
)

export const albumAssets = pgTable(
  'album_assets',
  {
    albumId: uuid()
      .notNull()
      .references(() => albums.id, { onDelete: 'cascade' })
      .$type<AlbumId>(),
    assetId: uuid()
      .notNull()
      .references(() => assets.id, { onDelete: 'cascade' })
      .$type<AssetId>(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    primaryKey({ columns: [t.albumId, t.assetId] }),
    index('album_assets_asset_idx').on(t.assetId),
    index('album_assets_update_id_idx').on(t.updateId),
  ],
)

export const albumAssetAudit = pgTable(
  'album_asset_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    albumId: uuid().notNull().$type<AlbumId>(),
    assetId: uuid().notNull().$type<AssetId>(),
    deletedAt: createdAt(),
  },
  (t) => [
    index('album_asset_audit_album_idx').on(t.albumId, t.id),
    index('album_asset_audit_deleted_at_idx').on(t.deletedAt),
  ],
)
