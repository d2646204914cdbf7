import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_RETRY, type RetryPolicy } from '../retry.ts'
import { SourceError } from '../upload-errors.ts'
import type { UploadEntry } from '../upload-types.ts'
import { createNodeUploadQueue } from './create-upload-queue.ts'
import { createFolderWatches, tellsOfChanges } from './folder-watches.ts'
import type { ReportStream } from './import-report.ts'
import { type FilePath, type NodeSource, readablePath, sourceOfPath } from './node-platform.ts'
import { createQuietFiles, type Look } from './quiet-files.ts'
import { createRoom } from './room.ts'
import { keyOfPath, openSettledFiles } from './settled-files.ts'
import { type Found, foundAt, walkFolder } from './walk-folder.ts'
import { createWatchReport } from './watch-report.ts'

/** Files in the queue at a time, however many the folder has. */
const WINDOW = 100

export type WatchTiming = {
  /** A file that did not change for so long is whole. */
  quietMs: number
  /** Between two looks at what has changed. */
  lookEveryMs: number
  /** Everything is looked at again, for whatever the system did not tell of. */
  scanEveryMs: number
  /** The same where the system tells of nothing. */
  pollEveryMs: number
  reportEveryMs: number
}

const TIMING: WatchTiming = {
  quietMs: 4_000,
  lookEveryMs: 1_000,
  scanEveryMs: 15 * 60_000,
  pollEveryMs: 30_000,
  reportEveryMs: 10_000,
}
/** A scan of a slow disk is not begun again at once. */
const SCAN_PAUSE_FACTOR = 20

/** A server that is away is waited for, however long. */
const PATIENT: RetryPolicy = { ...DEFAULT_RETRY, attempts: Number.POSITIVE_INFINITY }

export type WatchOptions = {
  folder: string
  baseUrl: string
  token: string
  /** Whose library it is; what the state file says of another's does not count. */
  account: string
  stateFile: string
  output: ReportStream
  signal: AbortSignal
  timing?: Partial<WatchTiming>
  retry?: RetryPolicy
}

/** The server does not know the token any more; a watch with another one may go on. */
export class WatchError extends Error {
  readonly name = 'WatchError'
}

/**
 * Uploads what is in a folder and what comes into it, until it is told to stop. Only reads there. The system's word that
 * something changed is a hint; a walk through the whole folder, now and then, is the truth. What is settled is in the
 * state file with its size and time, so that a restart reads nothing again; and what the server has is known there by
 * its hash, under whatever name, so that nothing is sent twice.
 */
export async function watchFolder(options: WatchOptions): Promise<void> {
  const { folder, baseUrl, token, output, signal } = options
  const timing = { ...TIMING, ...options.timing }
  const settled = await openSettledFiles(options.stateFile, options.account)
  const queue = createNodeUploadQueue({
    baseUrl,
    headers: { 'x-api-key': token },
    retry: options.retry ?? PATIENT,
  })
  const report = createWatchReport(output)
  const room = createRoom(WINDOW)
  const inWork = new Set<string>()
  /** Failed, and not to be tried again before they change or much time has passed. */
  const setAside = new Map<string, string>()
  const hints = new Map<string, Buffer>()
  const besides = new Set<string>()
  const broken = Promise.withResolvers<never>()
  let isScanDue = true
  let isPolled = !(await tellsOfChanges(folder))
  const quiet = createQuietFiles(timing.quietMs, { isOurClock: !isPolled })
  let scannedFolders = new Set<string>()

  const hint = (path: Buffer) => hints.set(path.toString('latin1'), path)
  const watches = createFolderWatches({
    change: (changed, name) => {
      if (name) hint(Buffer.concat([changed, Buffer.from('/'), name]))
      else isScanDue = true
    },
    limit: (error) => {
      isPolled = true
      report.say(
        `The system watches no more folders (${error.message}): they are looked through now and then.`,
      )
    },
  })

  async function consider(found: Found) {
    const path = readablePath(found.path)
    if (found.kind === 'unreadable') {
      return report.failed(path, path === folder ? 'this folder is not there' : found.reason)
    }
    const key = keyOfPath(found.path)
    const look = await lookAt(found.path)
    if (!look) return quiet.forget(key)
    if (settled.has(key, look) || inWork.has(key) || setAside.get(key) === textOf(look)) return
    if (!quiet.isQuiet(key, Buffer.from(found.path), look)) return
    if (found.kind === 'asset') return await send(found, key)
    settled.add(key, look)
    report.unsupported(path)
  }

  async function send(found: Extract<Found, { kind: 'asset' }>, key: string) {
    inWork.add(key)
    await room.enter()
    try {
      queue.add([await sourceOfPath(found.path, found.sidecarPath)])
    } catch (error) {
      inWork.delete(key)
      room.leave()
      if (!(error instanceof SourceError)) throw error
      report.failed(readablePath(found.path), error.message)
    }
  }

  function settle(entry: UploadEntry<NodeSource>) {
    const { source } = entry
    if (!source) return
    const key = keyOfPath(source.path)
    const path = readablePath(source.path)
    if (entry.state === 'done') report.added(entry.sizeBytes)
    if (entry.state === 'duplicate') report.alreadyThere()
    if (entry.state === 'failed') report.failed(path, entry.reason ?? 'unknown')
    else report.forget(path)
    if (entry.state === 'failed' && entry.canRetry) setAside.set(key, textOf(source))
    else settled.add(key, source)
    inWork.delete(key)
    queue.dismiss(entry.id)
    room.leave()
    // It may have changed while it was on its way.
    hint(Buffer.from(source.path))
  }

  /** Everything in a folder and below it. Answers whether all of it could be looked at. */
  async function scan(start: FilePath): Promise<boolean> {
    let isWhole = true
    let files = 0
    for await (const found of walkFolder(start, (entered) => {
      scannedFolders.add(entered.toString('latin1'))
      watches.begin(entered)
    })) {
      signal.throwIfAborted()
      while (quiet.isFull) {
        await sleep(timing.lookEveryMs, undefined, { signal })
        await lookAgain()
      }
      files += 1
      if (found.kind === 'unreadable') isWhole = false
      await consider(found)
    }
    return isWhole && files > 0
  }

  /** An absent disk looks like an empty folder: then nothing is forgotten. */
  async function scanAll(): Promise<boolean> {
    isScanDue = false
    scannedFolders = new Set()
    settled.beginScan()
    const isWhole = await scan(folder)
    if (isWhole) {
      report.forget(folder)
      await settled.forgetUnseen()
      watches.keep(scannedFolders)
    } else settled.endScan()
    return isWhole
  }

  async function lookAgain() {
    for (const path of quiet.due()) hint(path)
    const paths = [...hints.values()]
    hints.clear()
    for (const path of paths) {
      signal.throwIfAborted()
      const found = await foundAt(path)
      if (found?.kind === 'folder') scanBeside(path)
      else if (found) await consider(found)
      else quiet.forget(keyOfPath(path))
    }
  }

  /** A new folder may hold thousands: other changes are not kept waiting for them. */
  function scanBeside(path: Buffer) {
    const key = path.toString('latin1')
    if (besides.has(key)) return
    besides.add(key)
    scan(path)
      .catch(broken.reject)
      .finally(() => besides.delete(key))
  }

  async function scanForEver() {
    let clearedAtMs = Date.now()
    for (;;) {
      const startedAtMs = Date.now()
      const isWhole = await scanAll()
      const restMs = (Date.now() - startedAtMs) * SCAN_PAUSE_FACTOR
      const pauseMs = isPolled || !isWhole ? timing.pollEveryMs : timing.scanEveryMs
      const untilMs = Date.now() + Math.max(pauseMs, restMs)
      while (Date.now() < untilMs && !isScanDue)
        await sleep(timing.lookEveryMs, undefined, { signal })
      if (Date.now() - clearedAtMs < timing.scanEveryMs) continue
      clearedAtMs = Date.now()
      setAside.clear()
    }
  }

  async function lookForEver() {
    for (;;) {
      await sleep(timing.lookEveryMs, undefined, { signal })
      await lookAgain()
    }
  }

  async function reportForEver() {
    let reportedAtMs = Date.now()
    for (;;) {
      await sleep(timing.lookEveryMs, undefined, { signal })
      if (inWork.size > 0 && Date.now() - reportedAtMs < timing.reportEveryMs) continue
      reportedAtMs = Date.now()
      report.progress(inWork.size, queue.snapshot.bytesPerSecond)
    }
  }

  queue.subscribe(({ isSignedOut }) => {
    if (isSignedOut) broken.reject(new WatchError('The server does not accept the token'))
  })
  queue.onSettled(settle)
  report.say(
    `Watching ${folder}${settled.count > 0 ? `, of which ${settled.count} files are known` : ''}`,
  )
  try {
    await Promise.race([scanForEver(), lookForEver(), reportForEver(), broken.promise])
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    watches.close()
    queue.close()
    report.progress(0, 0)
    await settled.flush()
  }
}

const textOf = ({ sizeBytes, modifiedAtMs }: { sizeBytes: number; modifiedAtMs: number }) =>
  `${sizeBytes}.${modifiedAtMs}`

async function lookAt(path: FilePath): Promise<Look | undefined> {
  const found = await stat(path).catch(() => undefined)
  return (
    found && {
      sizeBytes: found.size,
      modifiedAtMs: Math.floor(found.mtimeMs),
      changedAtMs: found.ctimeMs,
    }
  )
}
