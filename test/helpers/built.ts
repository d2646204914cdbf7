import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildChanged } from '#stack/build.ts'
import { withLock } from '#stack/build-lock.ts'
import { repositoryFolder } from '#stack/paths.ts'
import { createSteps } from '#stack/steps.ts'

const distFolder = join(repositoryFolder, 'dist')
const silent = createSteps({ write: () => {} })

/** What `npm test` has built before, or what is built now where its source has changed since: into `folder`/dist. */
export async function copyBuilt(name: 'edge' | 'hub' | 'web', folder: string): Promise<void> {
  await buildChanged(silent, [name])
  const target = join(folder, 'dist', name)
  await rm(target, { recursive: true, force: true })
  // Nobody builds it anew in the middle of this.
  await withLock(join(distFolder, '.stamps'), 'lock', () =>
    cp(join(distFolder, name), target, { recursive: true }),
  )
}
