import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { createCRC32 } from 'hash-wasm'
import type { ByteReader } from '../byte-reader.ts'
import { CRC32C_POLYNOMIAL, type Digests, hashChunks } from '../hash-chunks.ts'
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
    const chunks = chunksOf(handle, options.signal)
    const hash = await hashChunks({ sizeBytes, chunks, digests: await createDigests(), ...options })
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

async function* chunksOf(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)]
  let position = 0
  // Two buffers: the next chunk is read while this one is hashed.
  const readInto = (turn: number, at: number) => {
    const buffer = buffers[turn % 2] ?? new Uint8Array(CHUNK_BYTES)
    return handle.read(buffer, 0, CHUNK_BYTES, at).catch((cause: unknown) => {
      throw new SourceError('The file cannot be read', { cause })
    })
  }
  let reading = readInto(0, 0)
  for (let turn = 1; ; turn++) {
    const { bytesRead, buffer } = await reading
    signal.throwIfAborted()
    if (bytesRead === 0) return
    position += bytesRead
    reading = readInto(turn, position)
    // A rejection while the consumer stops early must not end the process.
    reading.catch(() => {})
    yield buffer.subarray(0, bytesRead)
  }
}

async function createDigests(): Promise<Digests> {
  const sha1 = createHash('sha1')
  const crc32c = await createCRC32(CRC32C_POLYNOMIAL)
  crc32c.init()
  return {
    sha1,
    crc32c: {
      update: (bytes) => crc32c.update(bytes),
      digest: () => {
        const digest = crc32c.digest('binary')
        crc32c.init()
        return digest
      },
    },
  }
}
