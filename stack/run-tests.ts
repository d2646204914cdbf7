import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildChanged } from './build.ts'
import { findFaults } from './check.ts'
import { findBinary } from './find-binary.ts'
import { OFFLINE } from './offline.ts'
import { ensureParts } from './parts/install.ts'
import { cacheFolder, repositoryFolder } from './paths.ts'
import { dataFolderOf } from './settings.ts'
import { createSteps } from './steps.ts'

const DATA = '.tintype-test'
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome']

type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

/** A file that fails before its first test counts as one failure: it must not vanish from the sum. */
export function countTests(report: Report) {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

export function countLine({ passed, failed, skipped }: ReturnType<typeof countTests>) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

async function runVitest(args: string[], environment: NodeJS.ProcessEnv) {
  const reportPath = join(dataFolderOf(environment), 'report.json')
  await rm(reportPath, { force: true })
  const vitest = join(repositoryFolder, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: repositoryFolder,
    env: environment,
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, 'exit')
  const report = await readFile(reportPath, 'utf8').then(
    (text): Report => JSON.parse(text),
    () => undefined,
  )
  return { code: typeof code === 'number' ? code : 1, counts: report && countTests(report) }
}

/** `npm test [files…]`: what is missing, then format, lint and types, then every test; ends with their count. */
export async function runTests(args: string[]) {
  const steps = createSteps()
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    ...OFFLINE,
    // Two hundred processes read the same modules.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cacheFolder, 'compiled'),
    TINTYPE_DATA: process.env.TINTYPE_DATA ?? DATA,
  }
  await mkdir(dataFolderOf(environment), { recursive: true, mode: 0o711 })
  await ensureParts(steps, { isTest: true })
  environment.CHROMIUM_PATH ??= BROWSERS.map((name) => findBinary(name)).find(Boolean)
  await buildChanged(steps)
  const faults = args.length > 0 ? [] : await findFaults(steps)
  const { code, counts } = await runVitest(args, environment)
  for (const fault of faults) console.error(`\n${fault}`)
  if (faults.length > 0) console.error(`\n${faults.length} of the checks before the tests failed.`)
  console.log(countLine(counts ?? { passed: 0, failed: 1, skipped: 0 }))
  process.exitCode = code || (faults.length > 0 ? 1 : 0)
}
