import { inject } from 'vitest'
import type { PgDb } from '#db/node.ts'
import { connectPg } from '#db/node.ts'
import { atEndOfFile } from './at-end-of-file.ts'
import { cloneTemplate } from './template-database.ts'

export type TestDatabase = {
  name: string
  /** Of the role that owns the schema. */
  ownerUrl: string
  /** Of the role that gateway and workers use. */
  appUrl: string
  /** A small pool on `appUrl`. */
  db: PgDb
}

/** A migrated, empty database of the test file's own; it goes at the end of the file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { drop, ...database } = await cloneTemplate(
    inject('stores').databaseUrl,
    inject('template'),
  )
  const db = connectPg({ url: database.appUrl, max: 4 })
  atEndOfFile(async () => {
    await db[Symbol.asyncDispose]()
    await drop()
  })
  return { ...database, db }
}
