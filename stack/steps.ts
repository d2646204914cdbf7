const REFRESH_MS = 250
const PLAIN_REMINDER_MS = 15_000

type Output = { write: (text: string) => unknown; isTTY?: boolean; columns?: number }
type Active = { title: string; note: string; startedAt: number; remindedAt: number }

export type Note = (text: string) => void

const seconds = (sinceMs: number) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`

/**
 * Shows what runs and how long it takes. On a terminal the running steps are redrawn in place, several side by side;
 * elsewhere (a log, CI) each gets a line when it ends, and a reminder when it takes long.
 */
export function createSteps(output: Output = process.stdout) {
  const active = new Set<Active>()
  let drawnLines = 0
  let timer: NodeJS.Timeout | undefined

  const clear = () => {
    if (drawnLines) output.write(`\x1b[${drawnLines}A\x1b[0J`)
    drawnLines = 0
  }
  const draw = () => {
    const width = (output.columns || 80) - 1
    for (const step of active) {
      const note = step.note && ` · ${step.note}`
      output.write(`${`  … ${step.title} ${seconds(step.startedAt)}${note}`.slice(0, width)}\n`)
    }
    drawnLines = active.size
  }
  const refresh = () => {
    if (output.isTTY) {
      clear()
      draw()
      return
    }
    for (const step of active) {
      if (Date.now() - step.remindedAt < PLAIN_REMINDER_MS) continue
      step.remindedAt = Date.now()
      output.write(
        `  … ${step.title} ${seconds(step.startedAt)}${step.note && ` · ${step.note}`}\n`,
      )
    }
  }
  const say = (line: string) => {
    if (output.isTTY) clear()
    output.write(`${line}\n`)
    if (output.isTTY) draw()
  }

  async function run<T>(title: string, work: (note: Note) => Promise<T>): Promise<T> {
    const step: Active = { title, note: '', startedAt: Date.now(), remindedAt: Date.now() }
    active.add(step)
    timer ??= setInterval(refresh, REFRESH_MS)
    let mark = '✗'
    try {
      const result = await work((text) => {
        step.note = text
      })
      mark = '✓'
      return result
    } finally {
      active.delete(step)
      say(`  ${mark} ${title} (${seconds(step.startedAt)})`)
      if (active.size === 0) {
        clearInterval(timer)
        timer = undefined
      }
    }
  }

  return { run, say }
}

export type Steps = ReturnType<typeof createSteps>
