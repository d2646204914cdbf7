import { readFileSync } from 'node:fs'
import { proportionalBytes, withDescendants } from '#stack/proportional-memory.ts'

/** Linux counts in hundredths, whatever the kernel's own tick. */
const TICKS_PER_SECOND = 100
const [UTIME, CSTIME] = [11, 14]

/** What a process used, with the children that it has seen end. */
function cpuSecondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(UTIME, CSTIME + 1).reduce((sum, field) => sum + Number(field), 0)
    return ticks / TICKS_PER_SECOND
  } catch {
    return 0 // ended meanwhile: its parent counts it from now on
  }
}

/** CPU seconds of each process and all that it started, ever. */
export function cpuSecondsOfTrees(pids: Record<string, number>): Record<string, number> {
  const seconds = Object.entries(pids).map(([name, pid]) => {
    const tree = withDescendants([pid])
    return [name, tree.reduce((sum, each) => sum + cpuSecondsOf(each), 0)] as const
  })
  return Object.fromEntries(seconds)
}

/** Resident bytes, shared pages by their share. */
export function memoryOfTrees(pids: Record<string, number>): Record<string, number> {
  const bytes = Object.entries(pids).map(([name, pid]) => {
    const tree = withDescendants([pid])
    return [name, tree.reduce((sum, each) => sum + (proportionalBytes(each) ?? 0), 0)] as const
  })
  return Object.fromEntries(bytes)
}

export const sumOf = (figures: Record<string, number>) =>
  Object.values(figures).reduce((sum, figure) => sum + figure, 0)
