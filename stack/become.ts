import { join } from 'node:path'
import { repositoryFolder } from './paths.ts'

/** The supervisor holds three streams and a dozen child processes: it needs next to no heap. */
const FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=1',
  '--max-old-space-size=96',
]

/** What installed and built turns into the supervisor, so that it leaves no memory behind. */
export function becomeSupervisor(args: string[], env: Record<string, string>) {
  if (!process.execve) throw new Error('this Node cannot replace itself; the pinned one can')
  const file = join(repositoryFolder, 'dist', 'stack.js')
  process.execve(process.execPath, [process.execPath, ...FLAGS, file, ...args], {
    ...process.env,
    ...env,
  })
}
