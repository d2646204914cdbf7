import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Complaint } from './complaint.ts'
import { openLogFile } from './log-file.ts'
import { lastWords, toLogLine } from './log-line.ts'
import { removePid, writePid } from './pid-file.ts'
import type { Account } from './stores/store.ts'

export type ProcessSpec = {
  name: string
  file: string
  args: string[]
  env: Record<string, string>
  cwd?: string
  account?: Account
  /** An open descriptor that the process inherits as its descriptor 3. */
  descriptor?: number
  stopSignal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'
  /** In its output: it will end once all its clients have left. They would stay, so it is told to stop at once. */
  waitsForClientsAt?: RegExp
  stopTimeoutMs: number
  startTimeoutMs: number
  isReady: () => Promise<boolean>
}

export type Place = {
  runFolder: string
  logFolder: string
  say: (line: string) => void
  onUnexpectedEnd?: () => void
  backoff?: Backoff
}
type Backoff = { firstMs: number; maxMs: number; steadyMs: number }

export type Supervised = {
  name: string
  /** Resolves once it answers; throws a Complaint where it ends again and again before that. */
  start: () => Promise<void>
  stop: (signal?: NodeJS.Signals) => Promise<void>
  pid: () => number | undefined
}

const BACKOFF: Backoff = { firstMs: 500, maxMs: 30_000, steadyMs: 60_000 }
const POLL_MS = 50
const MAX_EARLY_ENDS = 3
const KEPT_WORDS = 40
const LAST_WORDS_MS = 500

const howItEnded = (code: number | null, signal: NodeJS.Signals | null) =>
  signal ? `was killed by ${signal}` : `ended with code ${code}`

/**
 * Keeps one process running. What ends without being asked to is started again: at once at first, then with growing
 * pauses while it keeps ending early, and each time a line says why.
 */
export function supervise(
  spec: ProcessSpec,
  { runFolder, logFolder, say, onUnexpectedEnd, backoff = BACKOFF }: Place,
): Supervised {
  const logPath = join(logFolder, `${spec.name}.log`)
  const log = openLogFile(logPath)
  let child: ChildProcess | undefined
  let ended: Promise<void> = Promise.resolve()
  const words: string[] = []
  let isStopping = false
  let hasBeenReady = false
  let earlyEnds = 0
  let pauseMs = backoff.firstMs
  let restart: NodeJS.Timeout | undefined
  let giveUp: (error: Error) => void = () => {}

  function take(stream: Readable | null) {
    if (!stream) return
    createInterface({ input: stream }).on('line', (line) => {
      if (!line.trim()) return
      if (spec.waitsForClientsAt?.test(line)) child?.kill(spec.stopSignal)
      words.push(line)
      if (words.length > KEPT_WORDS) words.shift()
      log.write(toLogLine(spec.name, line))
    })
  }

  function launch() {
    const startedAt = Date.now()
    const inherited = spec.descriptor === undefined ? [] : [spec.descriptor]
    const started = spawn(spec.file, spec.args, {
      ...spec.account,
      cwd: spec.cwd,
      env: spec.env,
      // A group of its own: Ctrl-C in the terminal reaches only the supervisor, which stops all in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...inherited],
    })
    child = started
    if (started.pid) writePid(runFolder, spec.name, started.pid)
    take(started.stdout)
    take(started.stderr)
    ended = new Promise((resolve) => {
      const settle = (how: string, ranMs: number) => {
        if (child !== started) return
        child = undefined
        removePid(runFolder, spec.name)
        resolve()
        onEnd(how, ranMs)
      }
      started.once('error', (error) => settle(`could not be started (${error.message})`, 0))
      started.once('exit', async (code, signal) => {
        const ranMs = Date.now() - startedAt
        endGroup(started.pid)
        // Its last words may still be on their way.
        const allSaid = new Promise((said) => started.once('close', said))
        await Promise.race([allSaid, sleep(LAST_WORDS_MS)])
        settle(howItEnded(code, signal), ranMs)
      })
    })
  }

  function onEnd(how: string, ranMs: number) {
    if (isStopping) return
    if (!hasBeenReady) {
      earlyEnds++
      if (earlyEnds >= MAX_EARLY_ENDS) {
        giveUp(
          new Complaint(
            `${spec.name} does not start: it ${how}.\n  ${lastWords(words)}\nIts log is ${logPath}`,
          ),
        )
        return
      }
    }
    if (ranMs > backoff.steadyMs) pauseMs = backoff.firstMs
    const said = lastWords(words)
    const why = said ? `; it last said: ${said}` : ''
    const line = `${spec.name} ${how} after ${Math.round(ranMs / 1000)} s; starting it again in ${pauseMs / 1000} s`
    say(how.includes('SIG') ? line : `${line}${why}`)
    restart = setTimeout(launch, pauseMs)
    pauseMs = Math.min(pauseMs * 2, backoff.maxMs)
    onUnexpectedEnd?.()
  }

  async function untilReady() {
    const until = Date.now() + spec.startTimeoutMs
    while (!isStopping) {
      if (child && (await spec.isReady())) return
      if (Date.now() > until) {
        throw new Complaint(
          `${spec.name} does not answer after ${spec.startTimeoutMs / 1000} s.\n  ${lastWords(words)}\nIts log is ${logPath}`,
        )
      }
      await sleep(POLL_MS)
    }
    throw new Error(`${spec.name} was stopped while it started`)
  }

  return {
    name: spec.name,
    pid: () => child?.pid,
    async start() {
      isStopping = false
      const givenUp = new Promise<never>((_, reject) => {
        giveUp = reject
      })
      launch()
      await Promise.race([untilReady(), givenUp])
      hasBeenReady = true
    },
    async stop(signal = spec.stopSignal) {
      isStopping = true
      clearTimeout(restart)
      const stopping = child
      if (stopping) {
        stopping.kill(signal)
        const limit = setTimeout(() => {
          say(`${spec.name} did not stop within ${spec.stopTimeoutMs / 1000} s and is killed`)
          stopping.kill('SIGKILL')
          endGroup(stopping.pid)
        }, spec.stopTimeoutMs)
        await ended
        clearTimeout(limit)
      }
      log.close()
    },
  }
}

/** What a process started and left behind (an exiftool, an ffmpeg) goes with it. */
function endGroup(pid: number | undefined) {
  if (!pid) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is empty.
  }
}
