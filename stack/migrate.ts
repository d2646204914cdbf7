import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Complaint } from './complaint.ts'
import { repositoryFolder } from './paths.ts'
import { runningStack } from './preflight.ts'
import { loadSettings } from './settings.ts'

/** `npm run db:migrate`: on the running stack's database, or on the one that DATABASE_URL names. */
export async function migrateByHand() {
  const settings = await loadSettings()
  if (settings.ownStores.has('postgres') && !runningStack(settings.dataFolder)) {
    throw new Complaint(
      'Nothing to migrate: the stack does not run (npm start migrates by itself), and DATABASE_URL is not set.',
    )
  }
  const child = spawn(process.execPath, ['db/migrate.ts'], {
    cwd: repositoryFolder,
    env: { ...process.env, ...settings.variables },
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Complaint('The migration did not finish.')
}
