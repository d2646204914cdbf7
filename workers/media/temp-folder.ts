import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

export type TempFolder = {
  path: string
  /** A folder of its own for one job; it and all in it go at the end of the job. */
  newFolder(): Promise<AsyncDisposable & { path: string }>
  newPath(): string
  remove(): Promise<void>
}

const PID_FOLDER = /^\d+$/

/** Each process has a folder below `root`. What processes left behind that no longer run is removed. */
export async function openTempFolder(root: string): Promise<TempFolder> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  const leftovers = (await readdir(root)).filter((name) => PID_FOLDER.test(name) && !isAlive(name))
  for (const name of leftovers) await rm(join(root, name), { recursive: true, force: true })
  const path = join(root, String(process.pid))
  await mkdir(path, { recursive: true, mode: 0o700 })
  let count = 0
  return {
    path,
    async newFolder() {
      const folder = await mkdtemp(join(path, 'job-'))
      return {
        path: folder,
        [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
      }
    },
    newPath() {
      count += 1
      return join(path, String(count))
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** This process itself made nothing yet: in a container every process before it had the same number. */
function isAlive(pid: string): boolean {
  if (Number(pid) === process.pid) return false
  try {
    process.kill(Number(pid), 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
