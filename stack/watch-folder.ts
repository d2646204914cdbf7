import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { repositoryFolder } from './paths.ts'
import { publicUrl } from './preflight.ts'
import { baseEnvironment, pick } from './processes.ts'
import type { Settings } from './settings.ts'

type Options = { watchFolder?: string; user?: string; say: (line: string) => void }

/** Little garbage lives long here, and a folder of any size is walked file by file. */
const FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=4',
  '--max-old-space-size=256',
]
const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 60_000
const STEADY_MS = 60_000
const STOP_MS = 5_000

/** Keeps `watch-as.ts` running beside the stack; what it says goes to the terminal. */
export function startWatch(settings: Settings, { watchFolder = '', user, say }: Options) {
  const { variables, dataFolder } = settings
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  let pauseMs = FIRST_PAUSE_MS

  function run() {
    const startedAt = Date.now()
    const file = join(repositoryFolder, 'dist', 'watch.js')
    const started = spawn(
      process.execPath,
      [...FLAGS, file, watchFolder, ...(user ? [user] : [])],
      {
        cwd: repositoryFolder,
        env: {
          ...baseEnvironment(settings),
          ...pick(variables, ['APP_DATABASE_URL']),
          NODE_ENV: 'production',
          TINTYPE_URL: publicUrl(settings),
          WATCH_STATE: join(dataFolder, 'watch'),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    )
    child = started
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream }).on('line', say)
    }
    started.once('exit', () => {
      if (isOver) return
      if (Date.now() - startedAt > STEADY_MS) pauseMs = FIRST_PAUSE_MS
      say(`The watch of ${watchFolder} ended and starts again in ${pauseMs / 1000} s`)
      timer = setTimeout(run, pauseMs)
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
    })
  }
  run()

  return {
    /** While the rest still runs, so that it can take its key back. */
    async stop() {
      isOver = true
      clearTimeout(timer)
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const limit = setTimeout(() => child?.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(limit)
    },
  }
}
