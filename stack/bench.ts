import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buildChanged } from './build.ts'
import { ensureParts } from './parts/install.ts'
import { repositoryFolder } from './paths.ts'
import { createSteps } from './steps.ts'

/** `npm run bench [name]`: same parts and builds as `npm start`, then bench/. */
export async function bench(args: string[]) {
  const steps = createSteps()
  await ensureParts(steps)
  await buildChanged(steps)
  const child = spawn(process.execPath, ['bench/index.ts', ...args], {
    cwd: repositoryFolder,
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  process.exitCode = code ?? 1
}
