import { join } from 'node:path'
import { Complaint } from './complaint.ts'
import { devProcessTable } from './dev-processes.ts'
import { startImport } from './import-folder.ts'
import { type Listener, openListener } from './listener.ts'
import { openLogFile } from './log-file.ts'
import { lastWords } from './log-line.ts'
import { planOwnStores } from './own-stores.ts'
import { repositoryFolder } from './paths.ts'
import { removePid, writePid } from './pid-file.ts'
import {
  assertNotRunning,
  assertPortsFree,
  assertSpace,
  endLeftovers,
  freeBytes,
  logFolderOf,
  makeFolders,
  publicUrl,
  rememberUrl,
  runFolderOf,
} from './preflight.ts'
import { baseEnvironment, LAYERS, type Layer, processTable } from './processes.ts'
import { runCommand } from './run-command.ts'
import { envPath, loadSettings, type Settings } from './settings.ts'
import { signupNotice } from './signup-notice.ts'
import { parseStartOptions } from './start-options.ts'
import { createSteps } from './steps.ts'
import { freePort } from './stores/free-port.ts'
import { eventsArnOf } from './stores/minio.ts'
import { type ProcessSpec, type Supervised, supervise } from './supervise.ts'
import { startWatch } from './watch-folder.ts'

/** Below this, Postgres and the logs are about to fail one after the other. */
const NO_SPACE_BYTES = 32 * 1024 * 1024
/** Ctrl-C reaches this process from the terminal and once more from npm: one press. */
const SAME_PRESS_MS = 1000
const PARENT_CHECK_MS = 1000

const options = parseStartOptions(process.argv.slice(2))
const settings = await loadSettings()
const { dataFolder } = settings
const isDev = process.env.TINTYPE_MODE === 'dev'
const runFolder = runFolderOf(dataFolder)
const logFolder = logFolderOf(dataFolder)
const steps = createSteps()
const running = new Map<Layer, Supervised[]>()
let listener: Listener | undefined
let stopping: Promise<void> | undefined
let signalledAt = 0

await makeFolders(dataFolder)
const log = openLogFile(join(logFolder, 'stack.log'))

/** A line for the person at the terminal and for the log. */
function say(line: string) {
  steps.say(line)
  const entry = {
    level: 'info',
    time: new Date().toISOString(),
    process: 'stack',
    msg: line.trim(),
  }
  log.write(JSON.stringify(entry))
}

const sayWithTime = (line: string) => say(`${new Date().toTimeString().slice(0, 8)} ${line}`)

function onUnexpectedEnd() {
  const free = freeBytes(dataFolder)
  if (free > NO_SPACE_BYTES || stopping) return
  end(1, `The disk of ${dataFolder} is full, so Tintype stops. Free some space and start it again.`)
}

async function startLayer(layer: Layer, specs: ProcessSpec[]) {
  // Stopping may have begun meanwhile, and has already been past this layer.
  if (stopping) throw new Error('stopped while starting')
  const place = { runFolder, logFolder, say: sayWithTime, onUnexpectedEnd }
  const processes = specs.map((spec) => supervise(spec, place))
  running.set(layer, processes)
  await Promise.all(processes.map((one) => steps.run(`Starting ${one.name}`, () => one.start())))
}

const complainOf = (name: string) => (error: Error) => {
  throw new Complaint(
    `What ${name} names cannot be used.\n  ${lastWords(error.message.split('\n'))}`,
  )
}

/** Both leave at once when there is nothing to do. */
async function prepareStores({ variables, ownStores }: Settings) {
  const events = ownStores.has('minio') && {
    STORE_EVENTS_ARN: eventsArnOf(variables.S3_REGION ?? 'us-east-1'),
  }
  const run = (...args: string[]) =>
    runCommand(process.execPath, args, {
      cwd: repositoryFolder,
      env: { ...baseEnvironment(settings), ...variables, ...events },
      shownLines: 100,
    })
  await Promise.all([
    steps.run('Database schema', () => run('dist/migrate.js').catch(complainOf('DATABASE_URL'))),
    steps.run('Bucket', () => run('dist/bucket.js').catch(complainOf('S3_ENDPOINT'))),
  ])
}

async function startAll() {
  await assertPortsFree(settings, envPath(dataFolder))
  if (!isDev) listener = await openListener(settings.host, settings.port)
  await startLayer('stores', await steps.run('Stores set up', () => planOwnStores(settings)))
  await prepareStores(settings)
  const table = listener
    ? processTable(settings, listener.descriptor)
    : devProcessTable(settings, await freePort())
  await Promise.all(
    (['gateway', 'hub', 'dispatcher', 'workers'] as const).map((layer) =>
      startLayer(layer, table[layer]),
    ),
  )
  await startLayer('edge', table.edge)
}

async function stopAll() {
  importing?.stop()
  await watching?.stop()
  for (const layer of [...LAYERS].reverse()) {
    const processes = running.get(layer) ?? []
    await Promise.all(processes.map((one) => one.stop()))
    if (layer === 'edge') listener?.close()
  }
  removePid(runFolder, 'stack')
}

function end(code: number, message?: string) {
  if (message) console.error(`\n${message}`)
  stopping ??= stopAll().then(() => {
    log.close()
    process.exit(code)
  })
}

function killAll() {
  console.error('\nKilling what still runs.')
  for (const one of [...running.values()].flat()) void one.stop('SIGKILL')
}

function onSignal() {
  const now = Date.now()
  const isNewPress = now - signalledAt > SAME_PRESS_MS
  signalledAt = now
  if (stopping) {
    if (isNewPress) killAll()
    return
  }
  say('\nStopping: hub, edge, workers, dispatcher, gateway, stores.')
  end(0)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)

// npm runs scripts in a shell, and a signal for npm ends that shell without reaching what runs in it.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    onSignal()
  }, PARENT_CHECK_MS)
  watch.unref()
}
// The terminal may be gone; the stack stops in order all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

let importing: ReturnType<typeof startImport> | undefined
let watching: ReturnType<typeof startWatch> | undefined
try {
  assertNotRunning(settings)
  assertSpace(dataFolder)
  await endLeftovers(dataFolder, say)
  writePid(runFolder, 'stack', process.pid)
  await startAll()
  const startedAt = Number(process.env.TINTYPE_STARTED_AT) || Date.now()
  const url = publicUrl(settings)
  rememberUrl(dataFolder, url)
  say(`\nTintype is ready at ${url} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`)
  for (const line of await signupNotice(settings)) say(line)
  say(`Ctrl-C stops it, "npm run status" shows how it is, logs are in ${logFolder}`)
  if (options.importFolder) importing = startImport(settings, { ...options, say })
  if (options.watchFolder) watching = startWatch(settings, { ...options, say: sayWithTime })
} catch (error) {
  if (!stopping) {
    const isExpected = error instanceof Complaint
    if (!isExpected) console.error(error)
    end(1, isExpected ? error.message : 'Tintype could not start.')
  }
}
