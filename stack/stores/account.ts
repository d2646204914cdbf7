import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { repositoryFolder } from '../paths.ts'
import type { Account } from './store.ts'

/** Accounts that own nothing, the package's own first. */
const UNPRIVILEGED = ['postgres', '_postgres', 'nobody']

/** Postgres refuses to run as root. Undefined when this process is not root and can run it as itself. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  )
  const found = UNPRIVILEGED.map((name) => accounts.get(name)).find(Boolean)
  if (!found)
    throw new Error(`Postgres needs an account other than root, one of ${UNPRIVILEGED.join(', ')}`)
  return found
}

export function canReach(folder: string, account: Account) {
  return (
    spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...account, stdio: 'ignore' }).status === 0
  )
}

/**
 * The folder where Postgres keeps its files: inside the data folder, unless the account that runs it cannot get
 * there (a clone under /root). Then it lies in /var/lib/tintype, under a name made from the clone's path.
 */
export function postgresFolder(dataFolder: string, account = unprivilegedAccount()) {
  const inside = join(dataFolder, 'postgres')
  if (!account || canReach(dirname(inside), account)) return inside
  const name = createHash('sha256').update(resolve(repositoryFolder, dataFolder)).digest('hex')
  return join('/var/lib/tintype', name.slice(0, 16))
}
