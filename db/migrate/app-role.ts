import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import pg from 'pg'
import { databaseErrorOf } from '../database-error.ts'

type Options = { appUrl: string; say: (message: string) => void }

const INSUFFICIENT_PRIVILEGE = '42501'
const SCRAM_ITERATIONS = 4096
const SCRAM_BYTES = 32
const SALT_BYTES = 16

/** Makes the role of APP_DATABASE_URL where there is none, and gives it rows to read and write, and nothing else. */
export async function grantToApp(client: pg.Client, { appUrl, say }: Options) {
  // Read as the driver reads it.
  const { user: name, password } = new pg.Client({ connectionString: appUrl })
  if (!name || !password) throw new Error('APP_DATABASE_URL needs a role and its password')
  await makeRole(client, { name, password, appUrl, say }).catch((error: unknown) => {
    if (databaseErrorOf(error)?.code !== INSUFFICIENT_PRIVILEGE) throw error
    throw new Error(
      `The role of DATABASE_URL may not make or change ${name}, the role of APP_DATABASE_URL. As an administrator of the database: create role ${pg.escapeIdentifier(name)} login password '…'`,
      { cause: error },
    )
  })
  const { rows } = await client.query<{ owner: string; database: string; isTooStrong: boolean }>(
    `select current_user as owner, current_database() as database,
       (select rolsuper or rolcreaterole or rolcreatedb from pg_roles where rolname = $1) as "isTooStrong"`,
    [name],
  )
  const [about] = rows
  if (!about || about.owner === name)
    throw new Error(`APP_DATABASE_URL names ${name}, which owns the schema; give it another role`)
  if (about.isTooStrong)
    throw new Error(`The role ${name} of APP_DATABASE_URL may do more than write rows; use another`)
  const app = pg.escapeIdentifier(name)
  const database = pg.escapeIdentifier(about.database)
  for (const statement of [...databaseGrants(app, database), ...schemaGrants(app)])
    await client.query(statement)
}

/** What a database cloned from a template lacks. */
export const databaseGrants = (app: string, database: string) => [
  `revoke create, temporary on database ${database} from public, ${app}`,
  `grant connect on database ${database} to ${app}`,
]

const schemaGrants = (app: string) => [
  `revoke create on schema public from public, ${app}`,
  `grant usage on schema public, drizzle to ${app}`,
  `revoke all on all tables in schema public from ${app}`,
  `grant select, insert, update, delete on all tables in schema public to ${app}`,
  `grant usage, select on all sequences in schema public to ${app}`,
  `grant select on all tables in schema drizzle to ${app}`,
  `grant execute on function create_vector_space(text, text, int), drop_vector_space(int) to ${app}`,
  `alter default privileges in schema public grant select, insert, update, delete on tables to ${app}`,
  `alter default privileges in schema public grant usage, select on sequences to ${app}`,
]

async function makeRole(
  client: pg.Client,
  { name, password, appUrl, say }: Options & { name: string; password: string },
) {
  const role = pg.escapeIdentifier(name)
  const secret = pg.escapeLiteral(scramVerifier(password))
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name])
  if (!rowCount) {
    await client.query(
      `create role ${role} login nosuperuser nocreatedb nocreaterole password ${secret}`,
    )
    say(`made the role ${name}`)
  } else if (!(await canLogIn(appUrl))) {
    await client.query(`alter role ${role} login password ${secret}`)
    say(`gave the role ${name} the password of APP_DATABASE_URL`)
  }
}

async function canLogIn(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** What Postgres stores for SCRAM-SHA-256 (RFC 5803). Made here, the password itself can end up in no server log. */
function scramVerifier(password: string): string {
  const salt = randomBytes(SALT_BYTES)
  const salted = pbkdf2Sync(
    password.normalize('NFKC'),
    salt,
    SCRAM_ITERATIONS,
    SCRAM_BYTES,
    'sha256',
  )
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  const server = hmac('Server Key').toString('base64')
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`
}
