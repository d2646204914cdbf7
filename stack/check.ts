import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Complaint } from './complaint.ts'
import { cacheFolder, repositoryFolder } from './paths.ts'
import { runCommand } from './run-command.ts'
import { createSteps, type Steps } from './steps.ts'

/** One project per runtime, so that nothing compiles that its runtime does not have. */
const PROJECTS = ['contracts', 'client', 'edge', 'node', 'test']

const bin = (name: string) => join(repositoryFolder, 'node_modules', '.bin', name)
/** svelte-check reads TypeScript 6, whose command has the same name. */
const TSC = join(repositoryFolder, 'node_modules', 'typescript-7', 'bin', 'tsc')

type Check = { title: string; file: string; args: string[] }

function checks(): Check[] {
  const types = PROJECTS.map((name) => ({
    title: `Types of ${name}`,
    file: TSC,
    // What did not change since the last run is not checked again.
    args: [
      '-p',
      `tsconfig.${name}.json`,
      '--incremental',
      '--tsBuildInfoFile',
      join(cacheFolder, 'types', `${name}.tsbuildinfo`),
    ],
  }))
  const web = existsSync(join(repositoryFolder, 'web'))
    ? [
        {
          title: 'Types of web',
          file: bin('svelte-check'),
          args: ['--tsconfig', 'web/tsconfig.json', '--output', 'human'],
        },
      ]
    : []
  return [
    { title: 'Format', file: bin('biome'), args: ['format', '--colors=off', '.'] },
    {
      title: 'Lint',
      file: bin('biome'),
      args: ['lint', '--colors=off', '--error-on-warnings', '.'],
    },
    ...types,
    ...web,
  ]
}

/** Two at a time: more would only fight for memory. */
async function inPairs(all: Check[], run: (check: Check) => Promise<void>) {
  const queue = [...all]
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await run(next)
  }
  await Promise.all([lane(), lane()])
}

/** Format, lint and types; answers what failed, each with its output. */
export async function findFaults(steps: Steps) {
  const faults: string[] = []
  await inPairs(checks(), async ({ title, file, args }) => {
    await steps
      .run(title, () => runCommand(file, args, { cwd: repositoryFolder, shownLines: 200 }))
      .catch((error: Error) => faults.push(`${title}\n${error.message}`))
  })
  return faults
}

export async function check() {
  const faults = await findFaults(createSteps())
  if (faults.length > 0) throw new Complaint(faults.join('\n\n'))
}
