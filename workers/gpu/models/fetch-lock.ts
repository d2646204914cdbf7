import { mkdir, open, rm, stat, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const REFRESH_MS = 5000
/** Whoever does not refresh its lock for so long is gone. */
const STALE_MS = 30_000
const LOOK_MS = 500

/**
 * Runs the work on a folder while no other process does: several may share a cache. The lock is a file beside the
 * folder that its holder keeps young; the folder itself stays for the next try.
 */
export async function withFetchLock(
  folder: string,
  signal: AbortSignal,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const path = `${folder}.lock`
  await mkdir(dirname(path), { recursive: true })
  while (!(await take(path))) await wait(LOOK_MS, undefined, { signal })
  const timer = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, REFRESH_MS)
  try {
    await work(folder)
  } finally {
    clearInterval(timer)
    await rm(path, { force: true })
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const found = await stat(path).catch(() => undefined)
  if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true })
  return false
}
