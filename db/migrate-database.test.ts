import { randomBytes } from 'node:crypto'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import { sql } from 'drizzle-orm'
import { is } from 'drizzle-orm/entity'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { urlOf } from '#test/helpers/template-database.ts'
import { until } from '#test/helpers/until.ts'
import journal from '../migrations/meta/_journal.json' with { type: 'json' }
import { migrateDatabase } from './migrate-database.ts'
import { connectPg } from './node.ts'
import * as tables from './schema/tables.ts'
import { waitForSchema } from './schema-version.ts'

const adminUrl = inject('stores').databaseUrl

/** Names of a database and a role that are not there yet. */
function strangers() {
  const suffix = randomBytes(6).toString('hex')
  const [name, role] = [`tintype_test_${suffix}`, `tintype_test_role_${suffix}`]
  atEndOfFile(async () => {
    const admin = new pg.Client({ connectionString: adminUrl })
    await admin.connect()
    await admin.query(`drop database if exists ${name} with (force)`)
    await admin.query(`drop role if exists ${role}, ${role}_owner`)
    await admin.end()
  })
  const account = { role, password: 'päss w/ö%rd' }
  return {
    name,
    role,
    ownerUrl: urlOf(adminUrl, name),
    appUrl: urlOf(adminUrl, name, account),
    account,
  }
}

test('makes database, schema and role, also when several migrate at once', async () => {
  const { ownerUrl, appUrl, account, name } = strangers()
  const said: string[] = []
  const migrate = () => migrateDatabase({ ownerUrl, appUrl, say: (message) => said.push(message) })

  await Promise.all([migrate(), migrate(), migrate()])
  await migrate()

  await using db = connectPg({ url: appUrl, max: 1 })
  await waitForSchema(db, { timeoutMs: 0 })
  expect(await db.select().from(tables.users)).toEqual([])
  expect(said.filter((message) => message === `made the role ${account.role}`)).toHaveLength(1)
  expect(said.join()).not.toContain(account.password)
  expect(said).toContain(`made the database ${name}`)
})

test('gives an existing role the password that the variable has now', async () => {
  const { ownerUrl, name, role, account, appUrl } = strangers()
  await migrateDatabase({ ownerUrl, appUrl, say: () => {} })
  const changed = urlOf(adminUrl, name, { role, password: `${account.password}2` })

  await migrateDatabase({ ownerUrl, appUrl: changed, say: () => {} })

  await using db = connectPg({ url: changed, max: 1 })
  expect((await db.execute(sql`select 1`)).rowCount).toBe(1)
})

test('refuses to give the schema to its own owner', async () => {
  const { ownerUrl } = strangers()

  await expect(migrateDatabase({ ownerUrl, appUrl: ownerUrl, say: () => {} })).rejects.toThrow(
    /owns the schema/,
  )
})

test('an owner who may not make roles is told what an administrator has to do, or finds it done', async () => {
  const { name, role, account, appUrl } = strangers()
  const owner = { role: `${role}_owner`, password: 'owner password' }
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`create role ${owner.role} login password '${owner.password}'`)
  await admin.query(`create database ${name} owner ${owner.role}`)
  atEndOfFile(() => admin.end())
  const ownerUrl = urlOf(adminUrl, name, owner)
  const migrate = () => migrateDatabase({ ownerUrl, appUrl, say: () => {} })

  await expect(migrate()).rejects.toThrow(`create role "${role}" login`)
  await admin.query(`create role ${role} login password ${pg.escapeLiteral(account.password)}`)
  await migrate()

  await using db = connectPg({ url: appUrl, max: 1 })
  await waitForSchema(db, { timeoutMs: 0 })
})

test('says which database does not answer', async () => {
  const away = 'postgres://a:b@127.0.0.1:1/library'

  await expect(
    migrateDatabase({ ownerUrl: away, appUrl: away, say: () => {}, connectTimeoutMs: 300 }),
  ).rejects.toThrow(/Cannot connect to the database library: .*ECONNREFUSED/)
})

test('a process waits for the schema it needs, says why, and goes on when it is there', async () => {
  const { ownerUrl, appUrl } = strangers()
  await using db = connectPg({ url: appUrl, max: 1 })
  const reasons: string[] = []
  const waiting = waitForSchema(db, { timeoutMs: 60_000, onWait: (why) => reasons.push(why) })
  await until(() => reasons.length > 0)

  await migrateDatabase({ ownerUrl, appUrl, say: () => {} })

  await waiting
  expect(reasons[0]).toMatch(/does not answer/)
})

test('a process says what is missing when its time is up', async () => {
  const { ownerUrl, db } = await createTestDatabase()
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  await owner.query('update drizzle.__drizzle_migrations set created_at = 1')
  await owner.end()

  const last = journal.entries.at(-1)?.tag
  await expect(waitForSchema(db, { timeoutMs: 0 })).rejects.toThrow(
    `The database schema is older than this process. Needed: ${last}. Run: npm run db:migrate`,
  )
})

test('the migrations make exactly the tables of db/schema', async () => {
  const number = String(journal.entries.at(-1)?.idx).padStart(4, '0')
  const { default: last } = await import(`../migrations/meta/${number}_snapshot.json`, {
    with: { type: 'json' },
  })

  const statements = await generateMigration(
    last,
    generateDrizzleJson(tables, last.id, undefined, 'snake_case'),
  )

  expect(statements).toEqual([])
})

test('every table with an updateId sets it by trigger, and can be read in its order', async () => {
  const { db } = await createTestDatabase()
  const synced = Object.values(tables)
    .filter((table) => is(table, PgTable))
    .filter((table) => 'updateId' in table)
    .map((table) => getTableConfig(table as PgTable).name)

  const { rows } = await db.execute<{ name: string }>(sql`
    select event_object_table as name from information_schema.triggers
    where action_statement like '%touch_row%' group by 1
    having array_agg(event_manipulation::text order by event_manipulation) = '{INSERT,UPDATE}'`)

  expect(rows.map(({ name }) => name).sort()).toEqual(synced.sort())
})
