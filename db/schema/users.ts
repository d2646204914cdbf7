import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { ApiKeyId, SessionId, UserId } from '#contracts/ids.ts'
import { bytea, createdAt, instant, updatedAt, updateId } from './columns.ts'

export const users = pgTable(
  'users',
  {
    id: uuid().primaryKey().$type<UserId>(),
    /** Lower case. */
    email: text().notNull(),
    name: text().notNull(),
    /** argon2id in PHC form, or bcrypt for people who moved over (upgraded at login); null: no password login. */
    passwordHash: text(),
    pinCodeHash: text(),
    isAdmin: boolean().notNull().default(false),
    shouldChangePassword: boolean().notNull().default(false),
    status: text({ enum: ['active', 'removing', 'deleted'] })
      .notNull()
      .default('active'),
    avatarColor: text(),
    storageLabel: text(),
    oauthId: text().notNull().default(''),
    profileImageKey: text(),
    profileChangedAt: instant().notNull().defaultNow(),
    quotaSizeBytes: bigint({ mode: 'number' }),
    /** Raised in the batch that inserts an asset; the trigger `hold_quota` raises `quota_exceeded` past the limit. */
    quotaUsageBytes: bigint({ mode: 'number' }).notNull().default(0),
    deletedAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(t.email),
    uniqueIndex('users_storage_label_key').on(t.storageLabel),
    index('users_update_id_idx').on(t.updateId),
    check('users_quota_usage_not_negative', sql`${t.quotaUsageBytes} >= 0`),
  ],
)

export const userAudit = pgTable(
  'user_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    userId: uuid().notNull().$type<UserId>(),
    deletedAt: createdAt(),
  },
  (t) => [index('user_audit_deleted_at_idx').on(t.deletedAt)],
)

/** Preferences, licence and onboarding, as Immich's clients sync them. */
export const userMetadata = pgTable(
  'user_metadata',
  {
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
      .$type<UserId>(),
    key: text({ enum: ['preferences', 'license', 'onboarding'] }).notNull(),
    value: jsonb().notNull().$type<Record<string, unknown>>(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.key] }),
    index('user_metadata_update_id_idx').on(t.updateId),
  ],
)

export const userMetadataAudit = pgTable(
  'user_metadata_audit',
  {
    id: uuid().primaryKey().default(sql`uuid_v7()`),
    userId: uuid().notNull().$type<UserId>(),
    key: text().notNull(),
    deletedAt: createdAt(),
  },
  (t) => [index('user_metadata_audit_deleted_at_idx').on(t.deletedAt)],
)

export const sessions = pgTable(
  'sessions',
  {
    id: uuid().primaryKey().$type<SessionId>(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
      .$type<UserId>(),
    /** SHA-256 of the token; the token itself is stored nowhere. */
    tokenHash: bytea().notNull(),
    deviceType: text().notNull().default(''),
    deviceOs: text().notNull().default(''),
    appVersion: text(),
    expiresAt: instant(),
    pinExpiresAt: instant(),
    isPendingSyncReset: boolean().notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    uniqueIndex('sessions_token_hash_key').on(t.tokenHash),
    index('sessions_user_id_idx').on(t.userId),
  ],
)

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid().primaryKey().$type<ApiKeyId>(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
      .$type<UserId>(),
    name: text().notNull(),
    keyHash: bytea().notNull(),
    permissions: text().array().notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    updateId: updateId(),
  },
  (t) => [
    uniqueIndex('api_keys_key_hash_key').on(t.keyHash),
    index('api_keys_user_id_idx').on(t.userId),
  ],
)

/** Failed logins by account and by address, in windows. */
export const loginAttempts = pgTable(
  'login_attempts',
  {
    scope: text({ enum: ['account', 'address'] }).notNull(),
    subject: text().notNull(),
    failures: integer().notNull(),
    windowStartedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.scope, t.subject] }),
    index('login_attempts_window_idx').on(t.windowStartedAt),
  ],
)
