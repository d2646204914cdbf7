// The one list of tables, for drizzle-kit and for drizzle's `schema` option.
export * from './assets.ts'
export * from './outbox.ts'
export * from './users.ts'
