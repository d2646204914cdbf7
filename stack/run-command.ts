import { type SpawnOptions, spawn } from 'node:child_process'

type Options = Pick<SpawnOptions, 'cwd' | 'env'> & {
  /** Called with each line of output, for a progress display. */
  onLine?: (line: string) => void
  /** How much of the output an error carries. */
  shownLines?: number
}

const KEPT_CHARACTERS = 40_000

/** Runs a program to its end and answers what it printed. Failing, it throws with the end of its output. */
export function runCommand(
  file: string,
  args: string[],
  { onLine, shownLines = 15, ...options }: Options = {},
) {
  return new Promise<string>((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let all = ''
    const take = (chunk: Buffer) => {
      const text = chunk.toString()
      all = (all + text).slice(-KEPT_CHARACTERS)
      const line = text.trim().split('\n').at(-1)
      if (line) onLine?.(line)
    }
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      take(chunk)
    })
    child.stderr.on('data', take)
    child.once('error', (error) => reject(new Error(`${file} could not be run`, { cause: error })))
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(stdout)
      const tail = all.trim().split('\n').slice(-shownLines).join('\n')
      reject(new Error(`${[file, ...args].join(' ')} ended with ${signal ?? code}:\n${tail}`))
    })
  })
}
