import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { databaseGrants } from '#db/migrate/app-role.ts'
import { migrateDatabase } from '#db/migrate-database.ts'

const APP_ROLE = 'tintype_test_app'
const PREFIX = 'tintype_test'
const migrationsFolder = join(import.meta.dirname, '../../migrations')
const migrateFolder = join(import.meta.dirname, '../../db/migrate')
const vectorIndexFolder = join(import.meta.dirname, '../../db/vector-index')

export type Template = { name: string; appRole: string; appPassword: string }

export function urlOf(url: string, database: string, account?: { role: string; password: string }) {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  if (account) {
    changed.username = encodeURIComponent(account.role)
    changed.password = encodeURIComponent(account.password)
  }
  return changed.href
}

/** The migrated database that each test file's is a copy of. Made once per state of the migrations. */
export async function prepareTemplate(adminUrl: string): Promise<Template> {
  const name = `${PREFIX}_template_${await hashOfMigrations()}`
  const appPassword = createHash('sha256').update(adminUrl).digest('hex')
  const template = { name, appRole: APP_ROLE, appPassword }
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    // Test runs side by side make it once.
    await admin.query('select pg_advisory_lock(7236452)')
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [name])
    if (!rowCount) await makeTemplate(admin, adminUrl, template)
    return template
  } finally {
    await admin.end()
  }
}

/** A copy of the template, to be dropped by whoever asked for it. */
export async function cloneTemplate(adminUrl: string, template: Template) {
  const { name: original, appRole: role, appPassword: password } = template
  const name = `${PREFIX}_${randomBytes(6).toString('hex')}`
  await asAdmin(adminUrl, [
    `create database ${name} template ${original}`,
    ...databaseGrants(role, name),
  ])
  return {
    name,
    ownerUrl: urlOf(adminUrl, name),
    appUrl: urlOf(adminUrl, name, { role, password }),
    drop: () => asAdmin(adminUrl, [`drop database if exists ${name} with (force)`]),
  }
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

async function makeTemplate(admin: pg.Client, adminUrl: string, template: Template) {
  const unfinished = `${template.name}_unfinished`
  await admin.query(`drop database if exists ${unfinished} with (force)`)
  await migrateDatabase({
    ownerUrl: urlOf(adminUrl, unfinished),
    appUrl: urlOf(adminUrl, unfinished, { role: template.appRole, password: template.appPassword }),
    say: () => {},
  })
  // A name that stands only for a finished template, whatever ends a run before this line.
  await admin.query(`alter database ${unfinished} rename to ${template.name}`)
}

async function hashOfMigrations(): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of [migrationsFolder, migrateFolder, vectorIndexFolder])
    for (const file of (await readdir(folder)).sort())
      if (/\.(sql|ts)$/.test(file)) hash.update(file).update(await readFile(join(folder, file)))
  return hash.digest('hex').slice(0, 12)
}
