import { spawn } from 'node:child_process'
import { repositoryFolder } from './paths.ts'
import { publicUrl } from './preflight.ts'
import { baseEnvironment } from './processes.ts'
import type { Settings } from './settings.ts'
import { isInitialized } from './signup-notice.ts'

type Options = { importFolder?: string; user?: string; say: (line: string) => void }

const POLL_MS = 1000

/** Waits for the first sign-up, then runs the importer beside the stack, on the same terminal. */
export function startImport(settings: Settings, { importFolder = '', user, say }: Options) {
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  let child: ReturnType<typeof spawn> | undefined

  function run() {
    child = spawn(process.execPath, ['stack/import-as.ts', importFolder, ...(user ? [user] : [])], {
      cwd: repositoryFolder,
      env: {
        ...baseEnvironment(settings),
        ...settings.variables,
        TINTYPE_URL: publicUrl(settings),
      },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    })
    child.once('exit', (code) => {
      if (!isOver) say(outcome(importFolder, code))
    })
  }

  async function wait(isFirst: boolean) {
    if (isOver) return
    if (await isInitialized(settings)) return run()
    if (isFirst) say(`${importFolder} is imported as soon as someone has signed up.`)
    timer = setTimeout(() => void wait(false), POLL_MS)
  }
  void wait(true)

  return {
    stop() {
      isOver = true
      clearTimeout(timer)
      child?.kill('SIGTERM')
    },
  }
}

function outcome(folder: string, code: number | null) {
  if (code === 0) return `${folder} is imported.`
  if (code === 1) return `${folder} is imported, but for what is listed above.`
  if (code === 2) return `${folder} could not be imported to the end; the reason is above.`
  return 'The import ended before its end; start it again to go on.'
}
