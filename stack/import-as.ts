// Run by the supervisor for `npm start -- --import`: node stack/import-as.ts FOLDER [EMAIL]
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ApiKeyId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { connectPg } from '#db/node.ts'
import { deleteApiKey, insertApiKey } from '#db/queries/api-keys.ts'
import { findFirstAdminForWork, findUserByEmail, type User } from '#db/queries/users.ts'
import { repositoryFolder } from './paths.ts'

const KEY_NAME = 'Import by npm start'

async function hashOf(token: string) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))
}

/** A key that may only upload and lives as long as the import does. */
async function withKey(
  db: ReturnType<typeof connectPg>,
  user: User,
  work: (token: string) => Promise<number>,
) {
  const token = randomBytes(32).toString('hex')
  const id = newId<ApiKeyId>()
  await insertApiKey(db, {
    id,
    userId: user.id,
    name: KEY_NAME,
    keyHash: await hashOf(token),
    permissions: ['asset.upload'],
  })
  try {
    return await work(token)
  } finally {
    await deleteApiKey(db, { viewerId: user.id, apiKeyId: id })
  }
}

async function upload(folder: string, token: string) {
  const child = spawn(process.execPath, ['client/cli.ts', folder], {
    cwd: repositoryFolder,
    env: {
      ...process.env,
      TINTYPE_TOKEN: token,
      TINTYPE_IMPORT_STATE: join(process.env.TINTYPE_DATA ?? '.tintype', 'import-state'),
    },
    stdio: 'inherit',
  })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 1
}

async function main([folder, email]: string[]) {
  const { APP_DATABASE_URL } = process.env
  if (!folder || !APP_DATABASE_URL) throw new Error('a folder and APP_DATABASE_URL are needed')
  await using db = connectPg({ url: APP_DATABASE_URL, max: 1 })
  const user = await (email ? findUserByEmail(db, email) : findFirstAdminForWork(db))
  if (!user) {
    console.error(email ? `There is no user ${email} yet.` : 'There is no administrator yet.')
    return 1
  }
  console.log(`Importing ${folder} for ${user.email}.`)
  return await withKey(db, user, (token) => upload(folder, token))
}

process.exitCode = await main(process.argv.slice(2))
