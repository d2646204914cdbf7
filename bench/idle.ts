import { setTimeout as delay } from 'node:timers/promises'
import { cpuSecondsOfTrees, memoryOfTrees, sumOf } from './process-usage.ts'
import { reportLine, reportTarget } from './report.ts'
import { runStack, signUp } from './run-stack.ts'

const SETTLE_MS = 30_000
const WATCH_MS = 60_000
const MAX_MEGABYTES = 900
const MAX_PERCENT_OF_A_CORE = 3

/** Memory (PSS) and CPU of the whole stack, stores included, while nobody does anything. */
export async function benchIdle() {
  await using stack = await runStack()
  await signUp(stack.url)
  await delay(SETTLE_MS)
  // The supervisor's tree is all of it.
  const { stack: supervisor, ...parts } = stack.pids()
  const all = { all: supervisor ?? 0 }

  const before = { parts: cpuSecondsOfTrees(parts), all: sumOf(cpuSecondsOfTrees(all)) }
  await delay(WATCH_MS)
  const after = { parts: cpuSecondsOfTrees(parts), all: sumOf(cpuSecondsOfTrees(all)) }

  const percentOf = (seconds: number) => (seconds / (WATCH_MS / 1000)) * 100
  const memory = memoryOfTrees(parts)
  for (const [name, bytes] of Object.entries(memory)) {
    const percent = percentOf((after.parts[name] ?? 0) - (before.parts[name] ?? 0))
    reportLine(name, `${(bytes / 1e6).toFixed(0)} MB`, `${percent.toFixed(2)} % of a core`)
  }
  const megabytes = sumOf(memoryOfTrees(all)) / 1e6
  reportTarget('the whole stack, memory (PSS)', megabytes, { atMost: MAX_MEGABYTES, unit: 'MB' })
  const percent = percentOf(after.all - before.all)
  reportTarget('the whole stack, CPU over a minute', percent, {
    atMost: MAX_PERCENT_OF_A_CORE,
    unit: '%',
  })
}
