import { linkSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isStale, removePid, writePid } from './pid-file.ts'

const POLL_MS = 100

/** A pid file that appears whole and only if there is none: linking is one step. */
function take(folder: string, name: string) {
  const draft = `${name}-${process.pid}`
  writePid(folder, draft, process.pid)
  try {
    linkSync(join(folder, `${draft}.pid`), join(folder, `${name}.pid`))
    return true
  } catch {
    return false
  } finally {
    removePid(folder, draft)
  }
}

/**
 * Under a lock of its own, and looked at again there: else two would find the same stale file, and the second to remove
 * it would remove the lock that the first has taken since.
 */
function removeStale(folder: string, name: string) {
  const guard = `${name}-removal`
  if (take(folder, guard)) {
    if (isStale(folder, name)) removePid(folder, name)
    removePid(folder, guard)
  } else if (isStale(folder, guard)) removePid(folder, guard)
}

/**
 * One process at a time. Two stacks started together would write the same files. A lock whose holder has ended is
 * nobody's: the pid file knows.
 */
export async function withLock<T>(
  folder: string,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(folder, { recursive: true })
  while (!take(folder, name)) {
    if (isStale(folder, name)) removeStale(folder, name)
    else await sleep(POLL_MS)
  }
  try {
    return await work()
  } finally {
    removePid(folder, name)
  }
}
