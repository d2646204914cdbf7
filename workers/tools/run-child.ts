import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { DecoderDiedError } from './decode-error.ts'

export type ChildLimits = {
  timeoutMs: number
  /** Of address space. Not enforced on macOS, whose shell knows no such limit. */
  memoryBytes: number
}

type Child = {
  command: string
  args: string[]
  limits: ChildLimits
  signal?: AbortSignal | undefined
}

/** Exits by a code of its own: it judged its input. `stderr` holds the end of what it said. */
export class ChildFailedError extends Error {
  readonly name = 'ChildFailedError'
  readonly stderr: string

  constructor(command: string, exitCode: number, stderr: string) {
    super(`${command} ended with code ${exitCode}: ${stderr.trim().slice(-500)}`)
    this.stderr = stderr
  }
}

const OUTPUT_MAX_BYTES = 16 * 1024 * 1024
const STDERR_KEPT_BYTES = 16 * 1024
const SHELL_NOT_FOUND = 127
const SHELL_SIGNAL_BASE = 128

/** The command and everything it needs come as arguments, so nothing in a file's name is ever parsed. */
export const LIMITING_SCRIPT = 'ulimit -v "$1" 2>/dev/null; ulimit -c 0; shift; exec "$@"'

/** Decoders get no secrets, one thread and a plain locale. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const { PATH = '', TMPDIR = '/tmp', HOME = '/nonexistent' } = process.env
  return { PATH, TMPDIR, HOME, LC_ALL: 'C.UTF-8', VIPS_CONCURRENCY: '1', OMP_NUM_THREADS: '1' }
}

/**
 * Runs a program of another vendor on a file of unknown origin: in its own process group, with limits on time,
 * address space and output, and killed as a group when the signal says so. Resolves to what it wrote to stdout.
 */
export async function runChild({ command, args, limits, signal }: Child): Promise<Buffer> {
  signal?.throwIfAborted()
  const memoryKiB = String(Math.ceil(limits.memoryBytes / 1024))
  const child = spawn('/bin/sh', ['-c', LIMITING_SCRIPT, 'sh', memoryKiB, command, ...args], {
    detached: true,
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ending = new Promise<{ code: number | null; killedBy: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, killedBy) => resolve({ code, killedBy }))
    },
  )
  const watch = watchOver(child, { timeoutMs: limits.timeoutMs, signal })
  const output: Buffer[] = []
  let outputBytes = 0
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.byteLength
    if (outputBytes <= OUTPUT_MAX_BYTES) output.push(chunk)
    else watch.kill('it wrote more than it should')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_KEPT_BYTES)
  })
  try {
    const { code, killedBy } = await ending
    signal?.throwIfAborted()
    if (watch.reason()) throw new DecoderDiedError(`${command}: ${watch.reason()}`)
    if (code === 0) return Buffer.concat(output)
    if (code === SHELL_NOT_FOUND) throw new Error(`${command} is not installed`)
    if (killedBy) throw new DecoderDiedError(`${command} died of ${killedBy}`)
    const signalled = (code ?? 0) - SHELL_SIGNAL_BASE
    if (isDeadly(signalled) || isOutOfMemory(stderr))
      throw new DecoderDiedError(`${command} died: ${stderr.trim().slice(-300)}`)
    throw new ChildFailedError(command, code ?? -1, stderr)
  } finally {
    watch.stop()
  }
}

function watchOver(
  child: ChildProcess,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
) {
  let reason: string | undefined
  const kill = (because: string) => {
    reason ??= because
    // The whole group: a decoder may have started helpers. Gone already is fine.
    try {
      if (child.pid) process.kill(-child.pid, 'SIGKILL')
    } catch {}
  }
  const timer = setTimeout(() => kill(`it took longer than ${timeoutMs / 1000} s`), timeoutMs)
  const onAbort = () => kill('it was told to stop')
  signal?.addEventListener('abort', onAbort, { once: true })
  return {
    kill,
    reason: () => reason,
    stop() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}

function isDeadly(number: number): boolean {
  const { SIGSEGV, SIGABRT, SIGBUS, SIGKILL, SIGILL, SIGFPE, SIGXCPU, SIGTRAP } = constants.signals
  return [SIGSEGV, SIGABRT, SIGBUS, SIGKILL, SIGILL, SIGFPE, SIGXCPU, SIGTRAP].includes(number)
}

function isOutOfMemory(stderr: string): boolean {
  return /cannot allocate memory|out of memory|bad_alloc|failed to allocate/i.test(stderr)
}
