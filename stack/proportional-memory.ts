import { readdirSync, readFileSync } from 'node:fs'

/** A process and all that it started. */
export function withDescendants(pids: number[]) {
  const children = childrenByParent()
  const all = new Set(pids)
  const queue = [...pids]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (all.has(child)) continue
      all.add(child)
      queue.push(child)
    }
  }
  return [...all]
}

function childrenByParent() {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  return children
}

function parentOf(pid: string) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

/** Pages that several processes share count for each of them by its share (PSS). Undefined where the kernel does not say. */
export function proportionalBytes(pid: number) {
  try {
    const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
