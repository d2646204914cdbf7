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

/** Undefined when there is no such file, or what it names has ended. */
export function findRunning(runFolder: string, name: string): Running | undefined {
  try {
    const [pid = '', start] = readFileSync(pathOf(runFolder, name), 'utf8').split('\n')
    return start && startOf(Number(pid)) === start ? { name, pid: Number(pid) } : undefined
  } catch {
    return undefined
  }
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
