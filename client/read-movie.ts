import { asciiOf, type ByteReader, viewOf } from './byte-reader.ts'

/** Seconds from 1904-01-01 (QuickTime's epoch) to 1970-01-01. */
const QUICKTIME_EPOCH_SECONDS = 2_082_844_800
/** A film of hours has a moov of some MB; what is larger is left to the server. */
const MAX_MOOV_BYTES = 16 * 1024 * 1024
const MAX_TOP_LEVEL_BOXES = 1_000

export type MovieFacts = {
  /** From the header, UTC by rule. */
  createdAt?: Date
  /** Apple's own: local time with its offset, as written. */
  creationDate?: string
  /** ISO 6709, such as `+48.2082+016.3738+171.0/`. */
  location?: string
  durationMs?: number
  /** As shown, after rotation. */
  width?: number
  height?: number
}

type Box = { type: string; start: number; end: number }

/** What the movie header of an mp4 or mov tells, without reading the film. */
export async function readMovie(file: ByteReader): Promise<MovieFacts | undefined> {
  const moov = await findMoov(file)
  if (!moov || moov.end - moov.start > MAX_MOOV_BYTES) return undefined
  const bytes = await file.read(moov.start, moov.end)
  if (bytes.length < moov.end - moov.start) return undefined
  return factsOf(bytes)
}

async function findMoov(file: ByteReader): Promise<Box | undefined> {
  let position = 0
  for (let count = 0; count < MAX_TOP_LEVEL_BOXES && position + 8 <= file.sizeBytes; count++) {
    const header = await file.read(position, position + 16)
    if (header.length < 8) return undefined
    const view = viewOf(header)
    const size = view.getUint32(0)
    const isLarge = size === 1 && header.length === 16
    const sizeBytes = isLarge ? Number(view.getBigUint64(8)) : size || file.sizeBytes - position
    if (sizeBytes < 8) return undefined
    const start = position + (isLarge ? 16 : 8)
    if (asciiOf(header, 4, 8) === 'moov') return { type: 'moov', start, end: position + sizeBytes }
    position += sizeBytes
  }
  return undefined
}

function boxesIn(bytes: Uint8Array, start: number, end: number): Box[] {
  const view = viewOf(bytes)
  const boxes: Box[] = []
  let position = start
  while (position + 8 <= end) {
    const sizeBytes = view.getUint32(position) || end - position
    if (sizeBytes < 8 || position + sizeBytes > end) break
    boxes.push({
      type: asciiOf(bytes, position + 4, position + 8),
      start: position + 8,
      end: position + sizeBytes,
    })
    position += sizeBytes
  }
  return boxes
}

function factsOf(moov: Uint8Array): MovieFacts {
  const boxes = boxesIn(moov, 0, moov.length)
  const facts: MovieFacts = {}
  for (const box of boxes) {
    if (box.type === 'mvhd') Object.assign(facts, readMovieHeader(moov, box))
    if (box.type === 'meta') Object.assign(facts, readAppleKeys(moov, box))
    if (box.type === 'trak' && !facts.width) Object.assign(facts, readTrackSize(moov, box))
    if (box.type === 'udta') Object.assign(facts, readUserData(moov, box), { ...facts })
  }
  return facts
}

function readMovieHeader(bytes: Uint8Array, box: Box): MovieFacts {
  if (box.end - box.start < 32) return {}
  const view = viewOf(bytes)
  const isLong = view.getUint8(box.start) === 1
  const seconds = isLong ? Number(view.getBigUint64(box.start + 4)) : view.getUint32(box.start + 4)
  const timescale = view.getUint32(box.start + (isLong ? 20 : 12))
  const duration = isLong
    ? Number(view.getBigUint64(box.start + 24))
    : view.getUint32(box.start + 16)
  const createdAt = new Date((seconds - QUICKTIME_EPOCH_SECONDS) * 1000)
  return {
    // Cameras without a clock write 0, some write seconds since 1970: neither says when.
    ...(createdAt.getTime() > 0 && createdAt.getTime() < Date.now() + 86_400_000
      ? { createdAt }
      : {}),
    ...(timescale > 0 ? { durationMs: Math.round((duration / timescale) * 1000) } : {}),
  }
}

function readTrackSize(bytes: Uint8Array, track: Box): MovieFacts {
  const header = boxesIn(bytes, track.start, track.end).find((box) => box.type === 'tkhd')
  if (!header) return {}
  const view = viewOf(bytes)
  const matrixAt = header.start + (view.getUint8(header.start) === 1 ? 52 : 40)
  if (matrixAt + 44 > header.end) return {}
  const width = view.getUint32(matrixAt + 36) >>> 16
  const height = view.getUint32(matrixAt + 40) >>> 16
  if (width === 0 || height === 0) return {}
  // A quarter turn has zeros on the diagonal of its matrix.
  const isTurned = view.getInt32(matrixAt) === 0 && view.getInt32(matrixAt + 16) === 0
  return isTurned ? { width: height, height: width } : { width, height }
}

/** The `mdta` metadata of QuickTime: a list of key names, and values that refer to it by number. */
function readAppleKeys(bytes: Uint8Array, meta: Box): MovieFacts {
  const view = viewOf(bytes)
  // In mp4 `meta` begins with version and flags, in mov it does not.
  const skipped = asciiOf(bytes, meta.start + 4, meta.start + 8) === 'hdlr' ? 0 : 4
  const boxes = boxesIn(bytes, meta.start + skipped, meta.end)
  const keys = boxes.find((box) => box.type === 'keys')
  const values = boxes.find((box) => box.type === 'ilst')
  if (!keys || !values) return {}
  const names = boxesIn(bytes, keys.start + 8, keys.end).map((box) =>
    asciiOf(bytes, box.start, box.end),
  )
  const facts: MovieFacts = {}
  for (const value of boxesIn(bytes, values.start, values.end)) {
    const name = names[view.getUint32(value.start - 4) - 1]
    const text = asciiOf(bytes, Math.min(value.start + 16, value.end), value.end)
    if (name === 'com.apple.quicktime.creationdate') facts.creationDate = text
    if (name === 'com.apple.quicktime.location.ISO6709') facts.location = text
  }
  return facts
}

/** Where cameras other than Apple's, and programs that rewrap films, put the same. */
function readUserData(bytes: Uint8Array, udta: Box): MovieFacts {
  const boxes = boxesIn(bytes, udta.start, udta.end)
  const meta = boxes.find((box) => box.type === 'meta')
  const place = boxes.find((box) => box.type === '\u00a9xyz')
  const location = place && asciiOf(bytes, Math.min(place.start + 4, place.end), place.end)
  return { ...(location ? { location } : {}), ...(meta ? readAppleKeys(bytes, meta) : {}) }
}
