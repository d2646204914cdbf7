import { createSHA1 } from 'hash-wasm'
import type { ByteReader } from '../byte-reader.ts'
import { hashChunks } from '../hash-chunks.ts'
import { readClaims } from '../read-claims.ts'
import type { FileHash, Inspection } from '../upload-types.ts'

export type ToHashWorker = { file: File; known?: FileHash }

export type FromHashWorker =
  | { kind: 'progress'; hashedBytes: number }
  | { kind: 'done'; inspection: Inspection }
  | { kind: 'failed'; reason: string }

const CHUNK_BYTES = 4 * 1024 * 1024

self.onmessage = ({ data }: MessageEvent<ToHashWorker>) => {
  inspect(data).then(
    (inspection) => tell({ kind: 'done', inspection }),
    (error: unknown) => tell({ kind: 'failed', reason: reasonOf(error) }),
  )
}

function tell(message: FromHashWorker) {
  self.postMessage(message)
}

async function inspect({ file, known }: ToHashWorker): Promise<Inspection> {
  const claims = await readClaims({
    name: file.name,
    modifiedAtMs: file.lastModified,
    file: byteReaderOf(file),
    exifInput: file,
  })
  if (known) return { ...known, claims }
  const hash = await hashChunks({
    sizeBytes: file.size,
    chunks: chunksOf(file),
    sha1: await createWasmSha1(),
    onProgress: (hashedBytes) => tell({ kind: 'progress', hashedBytes }),
  })
  return { ...hash, claims }
}

/** The next slice is read while this one is hashed. */
async function* chunksOf(file: File): AsyncGenerator<Uint8Array> {
  const read = (start: number) => file.slice(start, start + CHUNK_BYTES).arrayBuffer()
  let reading = read(0)
  for (let start = 0; start < file.size; start += CHUNK_BYTES) {
    const chunk = new Uint8Array(await reading)
    reading = read(start + CHUNK_BYTES)
    // A rejection while the consumer stops early is met when it is awaited, or not at all.
    reading.catch(() => {})
    yield chunk
  }
}

function byteReaderOf(file: File): ByteReader {
  return {
    sizeBytes: file.size,
    read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
  }
}

/** `crypto.subtle` is missing on plain http and cannot hash in pieces: wasm does both everywhere. */
async function createWasmSha1() {
  const sha1 = await createSHA1()
  sha1.init()
  return {
    update: (bytes: Uint8Array) => sha1.update(bytes),
    digest: () => sha1.digest('binary'),
  }
}

function reasonOf(error: unknown): string {
  const isUnreadable = error instanceof DOMException
  return isUnreadable ? 'The file can no longer be read' : String(error)
}
