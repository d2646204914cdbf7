import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { askHub, type HubFile, ModelFetchError, unreachable } from './hub.ts'

type Options = {
  url: string
  path: string
  file: HubFile
  signal: AbortSignal
  /** Of this file, as they are on disk. */
  onBytes: (doneBytes: number) => void
  retryMs?: number
}

/** So often in a row without one new byte. */
const MOST_VAIN_TRIES = 5
const RETRY_MS = 1000
/** A connection that says nothing for so long is dead. */
const SILENCE_MS = 60_000

/**
 * Fetches a file to a path, going on where it stopped, and checks its hash while it is written. Returns when the file
 * lies there whole and true.
 */
export async function fetchFile(options: Options): Promise<void> {
  const { path, file, signal, retryMs = RETRY_MS } = options
  await mkdir(dirname(path), { recursive: true })
  let [vainTries, isAgain] = [0, false]
  while (true) {
    signal.throwIfAborted()
    const before = await sizeOf(path)
    try {
      const hash = await fetchRest(options)
      if (hash === file.hash.value) return
      await rm(path)
      const reason = `${file.path} arrived damaged: its hash is not the one that the hub names`
      if (isAgain) throw new ModelFetchError(reason)
      isAgain = true
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof CutError)) throw error
      vainTries = (await sizeOf(path)) > before ? 0 : vainTries + 1
      if (vainTries >= MOST_VAIN_TRIES) throw error.reason
      await wait(retryMs * 2 ** vainTries, undefined, { signal })
    }
  }
}

/** The connection ended early: what has come is kept, the rest is asked for. */
class CutError extends Error {
  override name = 'CutError'
  reason: Error
  constructor(reason: Error) {
    super(reason.message)
    this.reason = reason
  }
}

/** Answers the hash of the whole file. */
async function fetchRest({ url, path, file, signal, onBytes }: Options): Promise<string> {
  let start = await sizeOf(path)
  if (start > file.sizeBytes) {
    await rm(path)
    start = 0
  }
  const hash = await hashOfStart(path, file)
  if (start === file.sizeBytes) {
    if (start === 0) await (await open(path, 'a')).close()
    onBytes(start)
    return hash.digest('hex')
  }
  const silence = createSilenceTimer()
  const headers = start > 0 ? { Range: `bytes=${start}-` } : undefined
  const response = await askHub(url, {
    signal: AbortSignal.any([signal, silence.signal]),
    ...(headers && { headers }),
  }).catch((error) => {
    throw new CutError(error)
  })
  try {
    const { body, isWhole } = await bodyOf(response, { file, start })
    const fresh = isWhole ? newHash(file) : hash
    await using target = await open(path, isWhole ? 'w' : 'a')
    await writeAll(target, body, {
      onChunk: (bytes) => {
        silence.restart()
        fresh.update(bytes)
      },
      start: isWhole ? 0 : start,
      file,
      onBytes,
      url,
    })
    await target.sync()
    return fresh.digest('hex')
  } finally {
    silence.stop()
  }
}

type Body = { body: AsyncIterable<Uint8Array>; isWhole: boolean }

async function bodyOf(
  response: Response,
  { file, start }: { file: HubFile; start: number },
): Promise<Body> {
  const { status, body, headers } = response
  const isTemporary = status === 429 || status >= 500
  if ((status !== 200 && status !== 206) || !body) {
    await body?.cancel()
    const error = new ModelFetchError(`the hub answers ${status} for ${file.path}`)
    throw isTemporary ? new CutError(error) : error
  }
  const from = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? 0)
  if (status === 206 && from !== start) {
    await body.cancel()
    throw new ModelFetchError(`the hub sends another part of ${file.path} than was asked for`)
  }
  // Node's streams iterate; the type of fetch's does not say so everywhere.
  return { body: body as unknown as AsyncIterable<Uint8Array>, isWhole: status === 200 }
}

type Writing = {
  onChunk: (bytes: Uint8Array) => void
  onBytes: (doneBytes: number) => void
  start: number
  file: HubFile
  url: string
}

async function writeAll(
  target: FileHandle,
  body: AsyncIterable<Uint8Array>,
  { onChunk, onBytes, start, file, url }: Writing,
) {
  let done = start
  const chunks = body[Symbol.asyncIterator]()
  while (true) {
    const next = await chunks.next().catch((error) => {
      throw new CutError(unreachable(url, error))
    })
    if (next.done) break
    done += next.value.byteLength
    if (done > file.sizeBytes)
      throw new ModelFetchError(`${file.path} is larger than the hub said it is`)
    await writeBytes(target, next.value)
    onChunk(next.value)
    onBytes(done)
  }
  if (done < file.sizeBytes)
    throw new CutError(new ModelFetchError(`the hub sends only ${done} bytes of ${file.path}`))
}

async function writeBytes(target: FileHandle, bytes: Uint8Array) {
  try {
    await target.writeFile(bytes)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
      throw new ModelFetchError('the disk is full', { cause: error })
    throw error
  }
}

const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0

function newHash({ hash, sizeBytes }: HubFile): Hash {
  if (hash.algorithm === 'sha256') return createHash('sha256')
  // Git hashes a file together with its kind and length.
  return createHash('sha1').update(`blob ${sizeBytes}\0`)
}

async function hashOfStart(path: string, file: HubFile): Promise<Hash> {
  const hash = newHash(file)
  if ((await sizeOf(path)) === 0) return hash
  for await (const bytes of createReadStream(path)) hash.update(bytes)
  return hash
}

function createSilenceTimer() {
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new ModelFetchError('the hub has gone silent')),
    SILENCE_MS,
  )
  return {
    signal: controller.signal,
    restart: () => timer.refresh(),
    stop: () => clearTimeout(timer),
  }
}
