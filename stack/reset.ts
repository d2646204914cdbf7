import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Complaint } from './complaint.ts'
import { cacheFolder } from './paths.ts'
import { endLeftovers, runningStack } from './preflight.ts'
import { dataFolderOf } from './settings.ts'
import { postgresFolder } from './stores/account.ts'

/** What was fetched and built for every data folder; deleting a library is no reason to compile MinIO again. */
const CACHED = ['bin', 'apt', 'pgvector', 'types']

async function confirm(question: string) {
  if (!process.stdin.isTTY) {
    throw new Complaint(
      'Nothing was deleted: this asks first, and there is no terminal. To answer yes: npm run reset -- --yes',
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question(`${question} Type yes: `)
  terminal.close()
  if (answer.trim().toLowerCase() !== 'yes') throw new Complaint('Nothing was deleted.')
}

/** `npm run reset`: forgets every photo, user and secret of this data folder. Asks first. */
export async function reset(args: string[]) {
  const folder = dataFolderOf()
  if (!existsSync(folder)) throw new Complaint(`There is nothing in ${folder}.`)
  const running = runningStack(folder)
  if (running) throw new Complaint(`Tintype runs (process ${running.pid}). Stop it first.`)
  const database = postgresFolder(folder)
  const places = database.startsWith(folder) ? folder : `${folder} and ${database}`
  if (!args.includes('--yes')) {
    await confirm(`This deletes every photo, account and secret in ${places}, for good.`)
  }
  await endLeftovers(folder, (line) => console.log(line))
  if (!database.startsWith(folder)) await rm(database, { recursive: true, force: true })
  const kept = folder === cacheFolder && !args.includes('--all') ? CACHED : []
  for (const name of await readdir(folder)) {
    if (!kept.includes(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
  console.log(
    `${places}: deleted.${kept.length ? ' What was built for this machine stays (--all deletes it too).' : ''}`,
  )
}
