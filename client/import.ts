import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createNodeUploadQueue } from './node/create-upload-queue.ts'
import { createHashStore } from './node/file-store.ts'
import { createImportReport, type ReportStream } from './node/import-report.ts'
import { type NodeSource, readablePath, sourceOfPath } from './node/node-platform.ts'
import { createRoom } from './node/room.ts'
import { walkFolder } from './node/walk-folder.ts'
import type { RetryPolicy } from './retry.ts'
import { SourceError } from './upload-errors.ts'
import type { UploadSnapshot } from './upload-types.ts'

/** Files in the queue at a time: enough to keep every stage busy, few enough for a library of a million. */
const WINDOW = 200

export type ImportOptions = {
  folder: string
  baseUrl: string
  token: string
  stateFile?: string | undefined
  output: ReportStream
  signal: AbortSignal
  retry?: RetryPolicy
}

export type ImportSummary = {
  added: number
  alreadyThere: number
  failed: { path: string; reason: string }[]
  unsupported: string[]
}

/** The import cannot go on at all; the message is for the person. */
export class ImportError extends Error {
  readonly name = 'ImportError'
}

/**
 * Uploads a folder. What the server has is recognized by its hash, so that running it again goes on where it
 * stopped; with a state file it does so without reading the files again.
 */
export async function importFolder(options: ImportOptions): Promise<ImportSummary> {
  const { baseUrl, token, stateFile, output, signal, retry } = options
  const folder = resolve(options.folder)
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new ImportError(`${folder} is not a folder that can be read`)

  const queue = createNodeUploadQueue({
    baseUrl,
    headers: { 'x-api-key': token },
    ...(stateFile ? { store: createHashStore(stateFile) } : {}),
    ...(retry ? { retry } : {}),
  })
  const summary: ImportSummary = { added: 0, alreadyThere: 0, failed: [], unsupported: [] }
  const { files, bytes } = await measure(folder, summary, signal)
  const report = createImportReport({ output, files, bytes })
  const room = createRoom(WINDOW)

  queue.onSettled((entry) => {
    if (entry.state === 'done') summary.added += 1
    if (entry.state === 'duplicate') summary.alreadyThere += 1
    if (entry.state === 'failed') {
      const path = entry.source ? readablePath(entry.source.path) : entry.name
      summary.failed.push({ path, reason: entry.reason ?? 'unknown' })
      report.note(`${path}: ${entry.reason}`)
    }
    report.settled(entry.sizeBytes)
    queue.dismiss(entry.id)
    room.leave()
  })
  const stopped = stopReason(queue, signal)
  queue.subscribe((snapshot) => report.progress(snapshot))
  try {
    await Promise.race([feed(), stopped])
  } finally {
    report.end()
    queue.close()
  }
  return summary

  async function feed() {
    for await (const source of sourcesOf(folder, summary)) {
      await room.enter()
      queue.add([source])
    }
    await queue.whenIdle()
  }
}

/** A first walk for the totals, which also names what cannot be taken. */
async function measure(folder: string, summary: ImportSummary, signal: AbortSignal) {
  let files = 0
  let bytes = 0
  for await (const found of walkFolder(folder)) {
    signal.throwIfAborted()
    const path = readablePath(found.path)
    if (found.kind === 'unsupported') summary.unsupported.push(path)
    if (found.kind === 'unreadable') summary.failed.push({ path, reason: found.reason })
    if (found.kind !== 'asset') continue
    files += 1
    bytes += await stat(found.path).then(
      ({ size }) => size,
      () => 0,
    )
  }
  return { files, bytes }
}

async function* sourcesOf(folder: string, summary: ImportSummary): AsyncGenerator<NodeSource> {
  for await (const found of walkFolder(folder)) {
    if (found.kind !== 'asset') continue
    try {
      yield await sourceOfPath(found.path, found.sidecarPath)
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      summary.failed.push({ path: readablePath(found.path), reason: error.message })
    }
  }
}

type Queue = ReturnType<typeof createNodeUploadQueue>

/** Rejects when going on makes no sense: the person stops it, or the server no longer knows the token. */
function stopReason(queue: Queue, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // While the last file was measured, for one.
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    queue.subscribe((snapshot: UploadSnapshot<NodeSource>) => {
      if (snapshot.isSignedOut) reject(new ImportError('The server does not accept the token'))
    })
  })
}
