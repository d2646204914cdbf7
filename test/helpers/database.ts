import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { databaseGrants } from '#db/migrate/app-role.ts'
import type { PgDb } from '#db/node.ts'
import { connectPg } from '#db/node.ts'
import { atEndOfFile } from './at-end-of-file.ts'
import { urlOf } from './template-database.ts'

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
  const { databaseUrl } = inject('stores')
  const { name: template, appRole, appPassword } = inject('template')
  const name = `tintype_test_${randomBytes(6).toString('hex')}`
  await asAdmin(databaseUrl, [
    `create database ${name} template ${template}`,
    ...databaseGrants(appRole, name),
  ])
  const appUrl = urlOf(databaseUrl, name, { role: appRole, password: appPassword })
  const db = connectPg({ url: appUrl, max: 4 })
  atEndOfFile(async () => {
    await db[Symbol.asyncDispose]()
    await asAdmin(databaseUrl, [`drop database if exists ${name} with (force)`])
  })
  return { name, ownerUrl: urlOf(databaseUrl, name), appUrl, db }
}

async function asAdmin(url: string, statements: string[]) {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    for (const statement of statements) await admin.query(statement)
  } finally {
    await admin.end()
  }
}
