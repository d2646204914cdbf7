import exifr from 'exifr'
import type { AssetClaims } from '#contracts/api/uploads.ts'
import { mediaTypeOfName } from '#contracts/media-types.ts'
import { asciiOf, type ByteReader, viewOf } from './byte-reader.ts'
import { type Dimensions, readDimensions } from './read-dimensions.ts'
import { type MovieFacts, readMovie } from './read-movie.ts'

export type ClaimsInput = {
  name: string
  modifiedAtMs: number
  file: ByteReader
  /** What exifr reads from: a Blob in the browser, a path or the first bytes in Node. */
  exifInput: Blob | string | Uint8Array
}

type Exif = Record<string, unknown>
type When = Pick<AssetClaims, 'localDateTime' | 'timeZone'> & { fileCreatedAt?: string }

const EXIF_OPTIONS = {
  xmp: false,
  icc: false,
  iptc: false,
  jfif: false,
  ihdr: true,
  gps: true,
  exif: true,
  ifd0: {},
  ifd1: false,
  makerNote: false,
  userComment: false,
  // exifr would make a Date in this machine's zone from a time without zone.
  reviveValues: false,
  translateValues: false,
}

// Node sees the package's default export only, its types leave the class out of it.
const { Exifr } = exifr as unknown as typeof import('exifr')

const TURNED_ORIENTATIONS = [5, 6, 7, 8]
const MAX_EXIF_CHUNK_BYTES = 1024 * 1024

/** When and where a file was taken and how large it is shown, as far as its headers tell. Never fails. */
export async function readClaims(input: ClaimsInput): Promise<AssetClaims> {
  const modifiedAt = new Date(input.modifiedAtMs).toISOString()
  const isVideo = mediaTypeOfName(input.name)?.assetType === 'VIDEO'
  const read = await (isVideo ? readVideoClaims(input) : readImageClaims(input)).catch(() => ({}))
  return { fileCreatedAt: modifiedAt, ...read, fileModifiedAt: modifiedAt }
}

async function readImageClaims(input: ClaimsInput): Promise<Partial<AssetClaims>> {
  const exif = await readExif(input).catch((): Exif => ({}))
  const stored = (await readDimensions(input.file).catch(() => undefined)) ?? sizeInExif(exif)
  return { ...whenOfExif(exif), ...whereOfExif(exif), ...shownSize(stored, exif) }
}

async function readExif({ exifInput, file }: ClaimsInput): Promise<Exif> {
  const tiff = await findWebpExif(file)
  const reader = new Exifr(EXIF_OPTIONS)
  try {
    await reader.read(tiff ?? exifInput)
    return (await reader.parse()) ?? {}
  } finally {
    // exifr leaves the file open when it cannot parse it.
    await (reader as { file?: { close?: () => unknown } }).file?.close?.()
  }
}

/** exifr does not know WebP; the TIFF block inside its EXIF chunk it does. */
async function findWebpExif(file: ByteReader): Promise<Uint8Array | undefined> {
  const head = await file.read(0, 16)
  if (asciiOf(head, 0, 4) !== 'RIFF' || asciiOf(head, 8, 12) !== 'WEBP') return undefined
  let position = 12
  while (position + 8 <= file.sizeBytes) {
    const header = await file.read(position, position + 8)
    if (header.length < 8) return undefined
    const sizeBytes = viewOf(header).getUint32(4, true)
    const start = position + 8
    if (asciiOf(header, 0, 4) === 'EXIF' && sizeBytes <= MAX_EXIF_CHUNK_BYTES) {
      const bytes = await file.read(start, start + sizeBytes)
      return asciiOf(bytes, 0, 4) === 'Exif' ? bytes.subarray(6) : bytes
    }
    position = start + sizeBytes + (sizeBytes % 2)
  }
  return undefined
}

/**
 * [Note: Wall-clock times stay text] EXIF says what the clock showed, mostly without a zone. It is written with
 * a Z as it stands; only an offset in the file makes an instant of it.
 */
function whenOfExif(exif: Exif): When {
  return (
    wallClock(exif.DateTimeOriginal, exif.OffsetTimeOriginal ?? exif.OffsetTime) ??
    wallClock(exif.CreateDate, exif.OffsetTimeDigitized ?? exif.OffsetTime) ??
    {}
  )
}

const EXIF_TIME = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)/
const OFFSET = /^([+-])(\d\d):?(\d\d)$/

function wallClock(time: unknown, offset: unknown): When | undefined {
  const match = typeof time === 'string' ? EXIF_TIME.exec(time.trim()) : null
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match
  const localDateTime = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const instant = new Date(localDateTime)
  // Also refuses 0000:00:00 and the 31st of February, which Date would move to March.
  if (Number.isNaN(instant.getTime()) || instant.toISOString() !== localDateTime) return undefined
  if (instant.getUTCFullYear() < 1) return undefined
  const minutes = offsetMinutes(offset)
  if (minutes === undefined) return { localDateTime, fileCreatedAt: localDateTime }
  return {
    localDateTime,
    fileCreatedAt: new Date(instant.getTime() - minutes * 60_000).toISOString(),
    timeZone: zoneName(minutes),
  }
}

function offsetMinutes(offset: unknown): number | undefined {
  if (offset === 'Z') return 0
  const match = typeof offset === 'string' ? OFFSET.exec(offset.trim()) : null
  if (!match) return undefined
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return minutes > 14 * 60 ? undefined : match[1] === '-' ? -minutes : minutes
}

/** `UTC+2`, `UTC-3:30`: the form in which the server names fixed offsets. */
function zoneName(minutes: number): string {
  if (minutes === 0) return 'UTC'
  const rest = Math.abs(minutes) % 60
  const hours = Math.floor(Math.abs(minutes) / 60)
  return `UTC${minutes < 0 ? '-' : '+'}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`
}

function whereOfExif({ latitude, longitude }: Exif): Pick<AssetClaims, 'latitude' | 'longitude'> {
  return place(Number(latitude ?? Number.NaN), Number(longitude ?? Number.NaN))
}

function place(latitude: number, longitude: number) {
  const isPlace = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
  // Receivers without a fix write 0, 0.
  return isPlace && (latitude !== 0 || longitude !== 0) ? { latitude, longitude } : {}
}

function sizeInExif(exif: Exif): Dimensions | undefined {
  const width = Number(exif.ExifImageWidth ?? exif.ImageWidth)
  const height = Number(exif.ExifImageHeight ?? exif.ImageHeight)
  return Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0
    ? { width, height }
    : undefined
}

function shownSize(stored: Dimensions | undefined, exif: Exif) {
  if (!stored) return {}
  const isTurned = TURNED_ORIENTATIONS.includes(Number(exif.Orientation))
  return isTurned ? { width: stored.height, height: stored.width } : stored
}

async function readVideoClaims({ file }: ClaimsInput): Promise<Partial<AssetClaims>> {
  const movie = await readMovie(file)
  if (!movie) return {}
  const { width, height, durationMs } = movie
  return {
    ...whenOfMovie(movie),
    ...whereOfMovie(movie),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(width && height ? { width, height } : {}),
  }
}

function whenOfMovie({ creationDate, createdAt }: MovieFacts): When {
  const text = creationDate?.trim()
  const local = text && wallClock(text, /(?:Z|[+-]\d\d:?\d\d)$/.exec(text)?.[0])
  if (local) return local
  if (!createdAt) return {}
  return { fileCreatedAt: createdAt.toISOString(), localDateTime: createdAt.toISOString() }
}

function whereOfMovie({ location }: MovieFacts) {
  const match = /^([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)/.exec(location ?? '')
  return match ? place(Number(match[1]), Number(match[2])) : {}
}
