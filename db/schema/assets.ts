import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { AssetClaims, UploadState } from '#contracts/api/uploads.ts'
import type { AssetId, UploadId, UserId } from '#contracts/ids.ts'
import { bytea, createdAt, instant, updatedAt, updateId } from './columns.ts'
import { users } from './users.ts'

export const assets = pgTable(
  'assets',
  {
    id: uuid().primaryKey().$type<AssetId>(),
    ownerId: uuid()
      .notNull()
      .references(() => users.id)
      .$type<UserId>(),
    type: text({ enum: ['IMAGE', 'VIDEO'] }).notNull(),
    originalKey: text().notNull(),
    originalFileName: text().notNull(),
    originalMimeType: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    /** SHA-1 of the original. */
    checksum: bytea().notNull(),
    sidecarKey: text(),
    fileCreatedAt: instant().notNull(),
    fileModifiedAt: instant().notNull(),
    /** Wall-clock time where the photo was taken; its month is the asset's bucket. */
    localDateTime: timestamp().notNull(),
    durationMs: integer(),
    /** As shown, after rotation. */
    width: integer(),
    height: integer(),
    thumbhash: bytea(),
    visibility: text({ enum: ['timeline', 'archive', 'hidden', 'locked'] })
      .notNull()
      .default('timeline'),
    status: text({ enum: ['active', 'trashed', 'deleted'] })
      .notNull()
      .default('active'),
    /** Null exactly while status is active. */
    trashedAt: instant(),
    isFavorite: boolean().notNull().default(false),
    isOffline: boolean().notNull().default(false),
    livePhotoVideoId: uuid()
      .references((): AnyPgColumn => assets.id, { onDelete: 'set null' })
      .$type<AssetId>(),
    /** Part of each derivative's key. Locking, trashing or replacing an asset raises it. */
    derivativesVersion: integer().notNull().default(1),
    metadataExtractedAt: instant(),
    thumbnailedAt: instant(),
    /** Why this file will never have a thumbnail, in words for its owner. */
    failureReason: text(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    // What is being deleted for good does not keep its owner from uploading it again.
    uniqueIndex('assets_owner_checksum_key')
      .on(t.ownerId, t.checksum)
      .where(sql`${t.status} <> 'deleted'`),
    index('assets_owner_month_idx').on(
      t.ownerId,
      sql`date_trunc('month', ${t.localDateTime})`,
      t.visibility,
    ),
    index('assets_owner_taken_idx').on(t.ownerId, t.fileCreatedAt, t.id),
    index('assets_update_id_idx').on(t.ownerId, t.updateId),
    index('assets_live_photo_video_idx')
      .on(t.livePhotoVideoId)
      .where(sql`${t.livePhotoVideoId} is not null`),
    index('assets_trashed_at_idx').on(t.trashedAt).where(sql`${t.trashedAt} is not null`),
  ],
)

export const assetAudit = pgTable(
  'asset_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    assetId: uuid().notNull().$type<AssetId>(),
    ownerId: uuid().notNull().$type<UserId>(),
    deletedAt: createdAt(),
  },
  (t) => [
    index('asset_audit_owner_idx').on(t.ownerId, t.id),
    index('asset_audit_deleted_at_idx').on(t.deletedAt),
  ],
)

export const assetExif = pgTable(
  'asset_exif',
  {
    assetId: uuid()
      .primaryKey()
      .references(() => assets.id, { onDelete: 'cascade' })
      .$type<AssetId>(),
    fileSizeBytes: bigint({ mode: 'number' }),
    exifImageWidth: integer(),
    exifImageHeight: integer(),
    orientation: text(),
    dateTimeOriginal: instant(),
    modifyDate: instant(),
    timeZone: text(),
    latitude: doublePrecision(),
    longitude: doublePrecision(),
    city: text(),
    state: text(),
    country: text(),
    make: text(),
    model: text(),
    lensModel: text(),
    fNumber: doublePrecision(),
    focalLength: doublePrecision(),
    iso: integer(),
    exposureTime: text(),
    fps: doublePrecision(),
    description: text().notNull().default(''),
    rating: integer(),
    projectionType: text(),
    profileDescription: text(),
    colorspace: text(),
    bitsPerSample: integer(),
    livePhotoContentId: text(),
    autoStackId: text(),
    tags: text().array(),
    /** Fields that a person set; extraction leaves them alone. */
    lockedProperties: text().array().notNull().default(sql`'{}'`),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    index('asset_exif_update_id_idx').on(t.updateId),
    index('asset_exif_live_photo_content_idx')
      .on(t.livePhotoContentId)
      .where(sql`${t.livePhotoContentId} is not null`),
    index('asset_exif_city_idx').on(t.city).where(sql`${t.city} is not null`),
    index('asset_exif_camera_idx').on(t.make, t.model).where(sql`${t.make} is not null`),
  ],
)

export const assetFiles = pgTable(
  'asset_files',
  {
    assetId: uuid()
      .notNull()
      .references(() => assets.id, { onDelete: 'cascade' })
      .$type<AssetId>(),
    type: text({ enum: ['preview', 'thumbnail', 'fullsize', 'encoded_video'] }).notNull(),
    objectKey: text().notNull(),
    contentType: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    width: integer(),
    height: integer(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.assetId, t.type] })],
)

/**
 * Written before the first byte, for presigned and form uploads alike, so that whatever dies in between leaves
 * a row by which the sweep finds the object.
 */
export const uploads = pgTable(
  'uploads',
  {
    id: uuid().primaryKey().$type<UploadId>(),
    ownerId: uuid()
      .notNull()
      .references(() => users.id)
      .$type<UserId>(),
    /** The id the asset will have. */
    assetId: uuid().notNull().$type<AssetId>(),
    kind: text({ enum: ['presigned', 'form', 'inbox'] }).notNull(),
    state: text().notNull().default('pending').$type<UploadState>(),
    originalFileName: text().notNull(),
    /** Unknown (null) while a form upload runs. */
    sizeBytes: bigint({ mode: 'number' }),
    checksum: bytea(),
    objectKey: text().notNull(),
    contentType: text().notNull(),
    /** S3's id of the multipart upload; null for a single PUT. */
    multipartId: text(),
    partChecksums: text().array(),
    /** Set once a sidecar has arrived. */
    sidecarKey: text(),
    claims: jsonb().$type<AssetClaims>(),
    /** The asset that has these bytes: the new one, or the one that was there. */
    resultAssetId: uuid().$type<AssetId>(),
    reason: text(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index('uploads_owner_state_idx').on(t.ownerId, t.state, t.id),
    index('uploads_updated_at_idx').on(t.updatedAt),
    uniqueIndex('uploads_pending_checksum_key')
      .on(t.ownerId, t.checksum)
      .where(sql`${t.state} in ('pending', 'verifying') and ${t.kind} = 'presigned'`),
  ],
)

/** Months with their number of assets: what the folded deltas add up to. A read sums both tables. */
export const timelineCounts = pgTable(
  'timeline_counts',
  {
    ownerId: uuid().notNull().$type<UserId>(),
    month: date().notNull(),
    visibility: text().notNull(),
    isTrashed: boolean().notNull(),
    count: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.ownerId, t.month, t.visibility, t.isTrashed] })],
)

/** Appended by statement-level triggers on assets; folded into `timeline_counts` by the dispatcher. */
export const timelineDeltas = pgTable(
  'timeline_deltas',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    ownerId: uuid().notNull().$type<UserId>(),
    month: date().notNull(),
    visibility: text().notNull(),
    isTrashed: boolean().notNull(),
    delta: integer().notNull(),
  },
  (t) => [index('timeline_deltas_owner_idx').on(t.ownerId)],
)
