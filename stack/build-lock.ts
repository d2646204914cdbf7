import { linkSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findRunning, removePid, writePid } from './pid-file.ts'

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
    if (!findRunning(folder, name)) rmSync(join(folder, `${name}.pid`), { force: true })
    else await sleep(POLL_MS)
  }
  try {
    return await work()
  } finally {
    removePid(folder, name)
  }
}
