import { type FileHandle, open, truncate } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { NodeStorage } from '#storage/node.ts'
import { formatOfFile } from '#workers/tools/media-format.ts'
import { releaseBytes } from '#workers/tools/release-bytes.ts'

const MIB = 1024 * 1024

export type FetchLimits = {
  /** Up to here a file is fetched whole. */
  wholeBytes: number
  headBytes: number
  /** Some containers say how long they are at their end. */
  tailBytes: number
}

const LIMITS: FetchLimits = { wholeBytes: 64 * MIB, headBytes: 32 * MIB, tailBytes: 4 * MIB }
const INDEX_MAX_BYTES = 512 * MIB
const BOX_HEADER_BYTES = 16
const MAX_BOXES = 1000

type Source = {
  storage: NodeStorage
  key: string
  sizeBytes: number
  signal: AbortSignal
  limits?: FetchLimits
}
type LimitedSource = Source & { limits: FetchLimits }

export type Fetched = {
  /** From the start. What comes after is there in parts only, for large videos. */
  readableBytes: number
}

/**
 * Brings an original to a local file; undefined when the store has no such object. Of a large video only what metadata
 * and poster need: its start, its end and its index, at their places in a file that is a hole elsewhere. So
 * a film of 20 GB costs 40 MB.
 */
export async function fetchOriginal(source: Source, path: string): Promise<Fetched | undefined> {
  const { storage, key, sizeBytes, signal, limits = LIMITS } = source
  try {
    if (sizeBytes > limits.wholeBytes) return await fetchLarge({ ...source, limits }, path)
    const stream = await storage.stream(key, { signal })
    if (!stream) return undefined
    await using file = await open(path, 'w')
    const readableBytes = await pour(stream, file, 0)
    if (readableBytes !== sizeBytes) throw new Error(`${key} has ${readableBytes} bytes`)
    return { readableBytes }
  } catch (error) {
    if (isDiskFull(error))
      throw new Error(`the disk for temporary files is full: ${path}`, { cause: error })
    throw error
  }
}

const WRITE_AT_BYTES = MIB

/** Writes what the stream gives, in few large writes, and answers where it ended. */
async function pour(stream: Readable, file: FileHandle, start: number): Promise<number> {
  let position = start
  let chunks: Buffer[] = []
  let waiting = 0
  const write = async () => {
    const written = chunks
    const { bytesWritten } = await file.writev(written, position)
    // A short write means that the next one fails, and with the reason.
    if (bytesWritten < waiting) await file.write(Buffer.concat(written).subarray(bytesWritten))
    position += waiting
    chunks = []
    waiting = 0
    written.forEach(releaseBytes)
  }
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    waiting += chunk.byteLength
    if (waiting >= WRITE_AT_BYTES) await write()
  }
  if (waiting > 0) await write()
  return position
}

async function fetchLarge(source: LimitedSource, path: string): Promise<Fetched | undefined> {
  const { sizeBytes, limits } = source
  const { headBytes, tailBytes } = limits
  await using file = await open(path, 'w+')
  if (!(await copyRange(source, file, { start: 0, end: headBytes }))) return undefined
  const format = await formatOfFile(path)
  if (format.kind !== 'video') {
    await copyRange(source, file, { start: headBytes, end: sizeBytes })
    return { readableBytes: sizeBytes }
  }
  await truncate(path, sizeBytes)
  await copyRange(source, file, {
    start: Math.max(headBytes, sizeBytes - tailBytes),
    end: sizeBytes,
  })
  if (format.demuxer === 'mov') await copyIndex(source, file)
  return { readableBytes: headBytes }
}

type Span = { start: number; end: number }

/** The bytes from start up to, not including, end. */
async function copyRange(source: Source, file: FileHandle, { start, end }: Span) {
  const { storage, key, signal } = source
  const range = { start, end: Math.min(end, source.sizeBytes) - 1 }
  if (range.end < range.start) return true
  const stream = await storage.stream(key, { range, signal })
  if (!stream) return false
  const position = await pour(stream, file, start)
  if (position !== range.end + 1) throw new Error(`${key} ended after ${position} bytes`)
  return true
}

/** MP4 and MOV are a row of boxes; `moov` holds the index and all metadata, often after the pictures. */
async function copyIndex(source: LimitedSource, file: FileHandle): Promise<void> {
  const { headBytes } = source.limits
  let start = 0
  for (
    let count = 0;
    count < MAX_BOXES && start + BOX_HEADER_BYTES <= source.sizeBytes;
    count += 1
  ) {
    if (start >= headBytes) await copyRange(source, file, { start, end: start + BOX_HEADER_BYTES })
    const header = Buffer.alloc(BOX_HEADER_BYTES)
    await file.read(header, 0, BOX_HEADER_BYTES, start)
    const size = sizeOfBox(header, source.sizeBytes - start)
    if (size < 8) return
    const isIndex = ['moov', 'moof', 'meta'].includes(header.toString('latin1', 4, 8))
    const end = start + size
    if (isIndex && end > headBytes && size <= INDEX_MAX_BYTES)
      await copyRange(source, file, { start: Math.max(start, headBytes), end })
    start = end
  }
}

/** 32 bits; 1 means that 64 follow, 0 that the box goes on to the end. */
function sizeOfBox(header: Buffer, remaining: number): number {
  const size = header.readUInt32BE(0)
  if (size === 0) return remaining
  return size === 1 ? Number(header.readBigUInt64BE(8)) : size
}

function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  )
}
