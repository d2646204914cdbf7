import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Where process ids mean the same: containers may share a host name and still count their processes apart. */
export function hostIdentity(): string {
  return `${hostname()} ${pidNamespace()}`
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return '' // not Linux: no namespaces
  }
}

export function isProcessRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
