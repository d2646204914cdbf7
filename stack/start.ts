import { becomeSupervisor } from './become.ts'
import { buildChanged } from './build.ts'
import { assertVariables } from './check-variables.ts'
import { assertReachable } from './given-stores.ts'
import { ensureParts } from './parts/install.ts'
import { assertNotRunning, assertSpace } from './preflight.ts'
import { loadSettings } from './settings.ts'
import { asksForHelp, HELP, parseStartOptions } from './start-options.ts'
import { createSteps } from './steps.ts'

async function prepare(args: string[], products?: string[]) {
  const startedAt = Date.now()
  parseStartOptions(args)
  const settings = await loadSettings()
  assertNotRunning(settings)
  assertVariables(settings)
  assertSpace(settings.dataFolder)
  await assertReachable(settings)
  const steps = createSteps()
  await ensureParts(steps)
  await buildChanged(steps, products)
  return { TINTYPE_STARTED_AT: String(startedAt) }
}

/** `npm start`: gets everything ready, then supervises it. */
export async function start(args: string[]) {
  if (asksForHelp(args)) return console.log(HELP)
  becomeSupervisor(args, await prepare(args))
}

/** `npm run dev`: builds nothing that is served from its source. */
export async function dev(args: string[]) {
  if (asksForHelp(args)) return console.log(HELP)
  const environment = await prepare(args, ['stack', 'migrate', 'bucket', 'watch'])
  becomeSupervisor(args, { ...environment, TINTYPE_MODE: 'dev' })
}
