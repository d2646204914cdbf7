import { sql } from 'drizzle-orm'
import { customType, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Drivers differ: node-postgres gives a Buffer, neon-http text in hex. Inside, always a Uint8Array. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array | string }>({
  dataType: () => 'bytea',
  toDriver: (bytes) => Buffer.from(bytes),
  fromDriver: (value) =>
    typeof value === 'string'
      ? Buffer.from(value.replace(/^\\x/, ''), 'hex')
      : new Uint8Array(value),
})

export const createdAt = () => timestamp({ withTimezone: true }).notNull().defaultNow()
export const instant = () => timestamp({ withTimezone: true })

/** Set on insert and update by the trigger `touch_row`; never written by us. See migrations. */
export const updatedAt = () => timestamp({ withTimezone: true }).notNull().defaultNow()
export const updateId = () => uuid().notNull().default(sql`uuid_v7()`)
