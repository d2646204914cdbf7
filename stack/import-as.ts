// Run by the supervisor for `npm start -- --import`: node stack/import-as.ts FOLDER [EMAIL]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connectPg } from '#db/node.ts'
import { deleteApiKey } from '#db/queries/api-keys.ts'
import { findFirstAdminForWork, findUserByEmail, type User } from '#db/queries/users.ts'
import { repositoryFolder } from './paths.ts'
import { makeUploadKey } from './upload-key.ts'

/** 1 is the importer's own: it came to its end, and some files stayed behind. */
const NOTHING_DONE = 2

/** The key lives as long as the import does. */
async function withKey(
  db: ReturnType<typeof connectPg>,
  user: User,
  { folder, work }: { folder: string; work: (token: string) => Promise<number> },
) {
  const { id, token } = await makeUploadKey(db, user, `Import of ${folder}`)
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
  const user = await (email ? findUserByEmail(db, email.toLowerCase()) : findFirstAdminForWork(db))
  if (!user) {
    console.error(email ? `There is no user ${email} yet.` : 'There is no administrator yet.')
    return NOTHING_DONE
  }
  console.log(`Importing ${folder} for ${user.email}.`)
  return await withKey(db, user, { folder, work: (token) => upload(folder, token) })
}

process.exitCode = await main(process.argv.slice(2))
