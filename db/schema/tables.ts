// The one list of tables, for drizzle-kit and for drizzle's `schema` option.
export * from './albums.ts'
export * from './assets.ts'
export * from './inbox.ts'
export * from './outbox.ts'
export * from './people.ts'
export * from './users.ts'
export * from './vectors.ts'
