import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Running = { name: string; pid: number }

/**
 * When a process began, in a form that only compares for equality. A process id alone is not enough: after a crash or
 * a reboot the same number may belong to something else, which must not be signalled.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
    return stdout?.trim() || undefined
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets, which may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTicks] = [fields[0], fields[19]]
    return state === 'Z' ? undefined : startTicks
  } catch {
    return undefined
  }
}

const pathOf = (runFolder: string, name: string) => join(runFolder, `${name}.pid`)

/** The first line is the process id, the second when it began. */
export function writePid(runFolder: string, name: string, pid: number) {
  writeFileSync(pathOf(runFolder, name), `${pid}\n${startOf(pid) ?? ''}\n`)
}

export function removePid(runFolder: string, name: string) {
  rmSync(pathOf(runFolder, name), { force: true })
}

function readPid(runFolder: string, name: string) {
  try {
    const [pid = '', start] = readFileSync(pathOf(runFolder, name), 'utf8').split('\n')
    return { pid: Number(pid), start }
  } catch {
    return undefined
  }
}

const hasEnded = ({ pid, start }: { pid: number; start: string | undefined }) =>
  !start || startOf(pid) !== start

/** Undefined when there is no such file, or what it names has ended. */
export function findRunning(runFolder: string, name: string): Running | undefined {
  const written = readPid(runFolder, name)
  return written && !hasEnded(written) ? { name, pid: written.pid } : undefined
}

/** Whether there is a file of something that has ended. One that is just being removed is not such a file. */
export function isStale(runFolder: string, name: string): boolean {
  const written = readPid(runFolder, name)
  return written !== undefined && hasEnded(written)
}

export function listRunning(runFolder: string): Running[] {
  return listPidNames(runFolder).flatMap((name) => findRunning(runFolder, name) ?? [])
}

export function listPidNames(runFolder: string) {
  try {
    return readdirSync(runFolder)
      .filter((file) => file.endsWith('.pid'))
      .map((file) => file.slice(0, -'.pid'.length))
  } catch {
    return []
  }
}
