import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { ByteReader } from '../byte-reader.ts'
import { hashChunks } from '../hash-chunks.ts'
import { readClaims } from '../read-claims.ts'
import { SourceError } from '../upload-errors.ts'
import type { FileHash, Inspection } from '../upload-types.ts'
import type { NodeSource } from './node-platform.ts'

const CHUNK_BYTES = 1024 * 1024
const EXIF_HEAD_BYTES = 512 * 1024

export async function inspectFile(
  source: NodeSource,
  options: { known?: FileHash; onProgress: (hashedBytes: number) => void; signal: AbortSignal },
): Promise<Inspection> {
  const { path, name, sizeBytes, modifiedAtMs } = source
  const handle = await open(path).catch((cause: unknown) => {
    throw new SourceError('The file cannot be read', { cause })
  })
  try {
    const file = byteReaderOf(handle, sizeBytes)
    // exifr takes bytes for a file's content, so that a path in bytes needs the head of the file itself.
    const exifInput = typeof path === 'string' ? path : await file.read(0, EXIF_HEAD_BYTES)
    const claims = await readClaims({ name, modifiedAtMs, file, exifInput })
    const { size, mtimeMs } = await handle.stat()
    if (size !== sizeBytes || Math.floor(mtimeMs) !== modifiedAtMs) {
      throw new SourceError('The file changed since it was found')
    }
    if (options.known) return { ...options.known, claims }
    const chunks = chunksOf(handle, { sizeBytes, signal: options.signal })
    const hash = await hashChunks({ sizeBytes, chunks, sha1: createHash('sha1'), ...options })
    return { ...hash, claims }
  } finally {
    await handle.close()
  }
}

function byteReaderOf(handle: FileHandle, sizeBytes: number): ByteReader {
  return {
    sizeBytes,
    async read(start, end) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, sizeBytes) - start))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
      return bytes.subarray(0, bytesRead)
    },
  }
}

/** Two buffers: the next chunk is read while this one is hashed. */
async function* chunksOf(
  handle: FileHandle,
  { sizeBytes, signal }: { sizeBytes: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  // One more than the file has, so that a file that grew is noticed.
  const bufferBytes = Math.min(CHUNK_BYTES, sizeBytes + 1)
  const read = (buffer: Uint8Array, position: number) => {
    const reading = handle.read(buffer, 0, bufferBytes, position).catch((cause: unknown) => {
      throw new SourceError('The file cannot be read', { cause })
    })
    // A rejection while the consumer stops early must not end the process.
    reading.catch(() => {})
    return reading
  }
  let position = 0
  let spare: Uint8Array = new Uint8Array(bufferBytes)
  let reading = read(new Uint8Array(bufferBytes), position)
  while (true) {
    const { bytesRead, buffer } = await reading
    signal.throwIfAborted()
    if (bytesRead === 0) return
    position += bytesRead
    reading = read(spare, position)
    spare = buffer
    yield buffer.subarray(0, bytesRead)
  }
}
