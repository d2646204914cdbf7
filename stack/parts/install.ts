import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Complaint } from '../complaint.ts'
import { findBinary } from '../find-binary.ts'
import { cachedBinaries } from '../paths.ts'
import { runCommand } from '../run-command.ts'
import type { Steps } from '../steps.ts'
import { installPackages } from './apt.ts'
import { buildMinio, findGo, installGo } from './build-minio.ts'
import { installPgvector } from './build-pgvector.ts'
import { explainMissing } from './explain-missing.ts'
import type { Part } from './part.ts'
import { missingParts } from './parts.ts'

type Manager = 'apt' | 'brew'

/** The package manager that this process may use, or why there is none. */
export function packageManager(platform = process.platform, uid = process.getuid?.()) {
  if (platform === 'darwin') {
    return findBinary('brew')
      ? { manager: 'brew' as const }
      : { reason: 'there is no Homebrew here' }
  }
  if (!findBinary('apt-get')) return { reason: 'there is no apt-get here' }
  if (uid !== 0) return { reason: 'it does not run as root' }
  return { manager: 'apt' as const }
}

const titles = (parts: Part[]) => parts.map(({ title }) => title).join(', ')

/** Debian's valkey-tools holds the server under the name of its checking tool; the name decides what it does. */
async function linkValkey() {
  if (findBinary('valkey-server')) return
  const tool = findBinary('valkey-check-rdb')
  if (!tool) return
  await mkdir(cachedBinaries, { recursive: true })
  await symlink(tool, join(cachedBinaries, 'valkey-server'))
}

async function installWithApt(missing: Part[], steps: Steps) {
  const packaged = missing.filter(({ apt }) => apt.length > 0)
  if (packaged.length > 0) {
    await steps.run(`Debian packages for ${titles(packaged)}`, (note) =>
      installPackages(
        packaged.flatMap(({ apt }) => apt),
        { onLine: note },
      ),
    )
  }
  await linkValkey()
  if (missing.some(({ name }) => name === 'pgvector')) {
    steps.say(`    ${await steps.run('pgvector', installPgvector)}`)
  }
}

async function installWithBrew(missing: Part[], steps: Steps) {
  const formulas = missing.flatMap(({ brew }) => brew)
  if (formulas.length === 0) return
  const brew = findBinary('brew') ?? 'brew'
  await steps.run(`Homebrew formulas for ${titles(missing)}`, async (note) => {
    for (const formula of formulas) {
      await runCommand(brew, ['install', ...formula.split(' ')], { onLine: note })
    }
  })
}

/** Compiling MinIO takes longest, so it starts as soon as there is a Go, beside the packages. */
async function installMinio(
  missing: Part[],
  steps: Steps,
  packages: Promise<void>,
  manager?: Manager,
) {
  if (!missing.some(({ name }) => name === 'minio')) return
  if (!findGo()) {
    // dpkg takes one installation at a time.
    await packages
    await steps.run('Go, to build MinIO', async (note) => {
      if (manager === 'brew') await runCommand('brew', ['install', 'go'], { onLine: note })
      else await installGo(note)
    })
  }
  await steps.run('MinIO', buildMinio)
}

async function installAll(missing: Part[], steps: Steps, manager?: Manager) {
  const packages =
    manager === 'brew' ? installWithBrew(missing, steps) : installWithApt(missing, steps)
  const results = await Promise.allSettled([
    packages,
    installMinio(missing, steps, packages, manager),
  ])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Brings what is missing, or explains in one message what a person has to bring. */
export async function ensureParts(steps: Steps, wanted: { isTest?: boolean } = {}) {
  await linkValkey()
  const missing = missingParts(wanted)
  if (missing.length === 0) return
  const { manager, reason } = packageManager()
  const mustBeBrought = missing.filter(({ name }) => name !== 'minio' || !findGo())
  if (!manager) {
    const required = mustBeBrought.filter(({ isOptional }) => !isOptional)
    if (required.length > 0) {
      throw new Complaint(explainMissing(mustBeBrought, process.platform, reason))
    }
    return installMinio(missing, steps, Promise.resolve())
  }
  steps.say(`Installing what this machine lacks: ${titles(missing)}.`)
  await installAll(missing, steps, manager)
  const left = missingParts(wanted).filter(({ isOptional }) => !isOptional)
  if (left.length > 0) {
    throw new Complaint(
      explainMissing(left, process.platform, 'its packages did not contain what was expected'),
    )
  }
}
