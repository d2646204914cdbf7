import type { users } from '../schema/users.ts'

export type User = typeof users.$inferSelect
export type NewUser = typeof users.$inferInsert
