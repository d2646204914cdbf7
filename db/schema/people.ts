import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  boolean,
  date,
  doublePrecision,
  index,
  integer,
  pgTable,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import type { AssetId, FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { assets } from './assets.ts'
import { createdAt, instant, updatedAt, updateId } from './columns.ts'
import { users } from './users.ts'

/** Somebody seen in photos, found by clustering or made by hand. */
export const people = pgTable(
  'people',
  {
    id: uuid().primaryKey().$type<PersonId>(),
    ownerId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
      .$type<UserId>(),
    name: text().notNull().default(''),
    birthDate: date({ mode: 'string' }),
    isHidden: boolean().notNull().default(false),
    isFavorite: boolean().notNull().default(false),
    color: text(),
    /** The face that the thumbnail shows. */
    coverFaceId: uuid()
      .references((): AnyPgColumn => assetFaces.id, { onDelete: 'set null' })
      .$type<FaceId>(),
    /** Null until the thumbnail lies in the store. */
    thumbnailKey: text(),
    /**
     * Since when this is somebody's word and not clustering's alone: named, hidden, merged, chosen for a face. Clustering
     * then neither merges the person into another nor removes it, and takes no face away.
     */
    claimedAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    index('people_owner_idx').on(t.ownerId, t.updateId),
    index('people_cover_face_idx').on(t.coverFaceId),
  ],
)

export const personAudit = pgTable(
  'person_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    personId: uuid().notNull().$type<PersonId>(),
    ownerId: uuid().notNull().$type<UserId>(),
    deletedAt: createdAt(),
  },
  (t) => [
    index('person_audit_owner_idx').on(t.ownerId, t.id),
    index('person_audit_deleted_at_idx').on(t.deletedAt),
  ],
)

/** A face in a picture. The box is in pixels of a picture of `imageWidth` × `imageHeight`, as shown. */
export const assetFaces = pgTable(
  'asset_faces',
  {
    id: uuid().primaryKey().$type<FaceId>(),
    assetId: uuid()
      .notNull()
      .references(() => assets.id, { onDelete: 'cascade' })
      .$type<AssetId>(),
    personId: uuid()
      .references((): AnyPgColumn => people.id, { onDelete: 'set null' })
      .$type<PersonId>(),
    imageWidth: integer().notNull(),
    imageHeight: integer().notNull(),
    boundingBoxX1: integer().notNull(),
    boundingBoxY1: integer().notNull(),
    boundingBoxX2: integer().notNull(),
    boundingBoxY2: integer().notNull(),
    /** The detector's confidence, 0..1; null where a person drew the box. */
    score: doublePrecision(),
    sourceType: text({ enum: ['machine-learning', 'exif', 'manual'] })
      .notNull()
      .default('machine-learning'),
    isVisible: boolean().notNull().default(true),
    /** Somebody said whose face this is, or without a person that it is nobody's; clustering goes by it. */
    isHandAssigned: boolean().notNull().default(false),
    /** Taken away by a person; kept, so that detection does not bring it back. */
    deletedAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    index('asset_faces_asset_idx').on(t.assetId),
    index('asset_faces_person_idx').on(t.personId, t.assetId),
    index('asset_faces_update_id_idx').on(t.updateId),
  ],
)

export const assetFaceAudit = pgTable(
  'asset_face_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    assetFaceId: uuid().notNull().$type<FaceId>(),
    assetId: uuid().notNull().$type<AssetId>(),
    ownerId: uuid().notNull().$type<UserId>(),
    deletedAt: createdAt(),
  },
  (t) => [
    index('asset_face_audit_owner_idx').on(t.ownerId, t.id),
    index('asset_face_audit_deleted_at_idx').on(t.deletedAt),
  ],
)

/**
 * The faces that clustering has looked at, on what basis (space and settings: on another they are looked at again), and
 * what it saw. Apart from the faces, which clients sync.
 */
export const faceRecognitions = pgTable('face_recognitions', {
  faceId: uuid()
    .primaryKey()
    .references(() => assetFaces.id, { onDelete: 'cascade' })
    .$type<FaceId>(),
  basis: text().notNull(),
  /** Has as many similar faces as make a person. */
  isDense: boolean().notNull(),
  /** Lay in the timeline, so that a person may be made of it. */
  wasInTimeline: boolean().notNull(),
})
