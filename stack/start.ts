import { join } from 'node:path'
import { buildChanged } from './build.ts'
import { ensureParts } from './parts/install.ts'
import { repositoryFolder } from './paths.ts'
import { assertNotRunning, assertSpace } from './preflight.ts'
import { loadSettings } from './settings.ts'
import { parseStartOptions } from './start-options.ts'
import { createSteps } from './steps.ts'

/** The supervisor holds three streams and a dozen child processes: it needs next to no heap. */
const SUPERVISOR_FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=1',
  '--max-old-space-size=96',
]

/** Gets everything ready, then becomes the supervisor: what installed and built leaves no memory behind. */
export async function start(args: string[]) {
  const startedAt = Date.now()
  parseStartOptions(args)
  const settings = await loadSettings()
  assertNotRunning(settings)
  assertSpace(settings.dataFolder)
  const steps = createSteps()
  await ensureParts(steps)
  await buildChanged(steps)
  const file = join(repositoryFolder, 'dist', 'stack.js')
  become([...SUPERVISOR_FLAGS, file, ...args], {
    ...process.env,
    TINTYPE_STARTED_AT: String(startedAt),
  })
}

function become(args: string[], env: NodeJS.ProcessEnv) {
  if (!process.execve) throw new Error('this Node cannot replace itself; the pinned one can')
  process.execve(process.execPath, [process.execPath, ...args], env)
}
