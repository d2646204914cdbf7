import { ExifDateTime, type Tags } from 'exiftool-vendored'

/** When a picture was taken: the clock on the wall there, and the instant as far as its zone is known. */
export type TakenAt = {
  /** Wall-clock time, written as if it were UTC. */
  wallClock: Date
  instant: Date
  timeZone: string | null
}

export type MediaMetadata = {
  takenAt: TakenAt | null
  modifiedAt: Date | null
  /** As stored, before any rotation. */
  width: number | null
  height: number | null
  /** EXIF's 1 to 8, as text. */
  orientation: string | null
  latitude: number | null
  longitude: number | null
  make: string | null
  model: string | null
  lensModel: string | null
  fNumber: number | null
  focalLength: number | null
  iso: number | null
  exposureTime: string | null
  fps: number | null
  description: string
  /** 1 to 5, or -1 for rejected. */
  rating: number | null
  projectionType: string | null
  profileDescription: string | null
  colorspace: string | null
  bitsPerSample: number | null
  contentIdentifier: string | null
  burstId: string | null
  tags: string[] | null
}

type Loose = Record<string, unknown>

/** In order of trust: when the shutter opened, when the file was made, when somebody says it was. */
const DATE_TAGS = [
  'SubSecDateTimeOriginal',
  'DateTimeOriginal',
  'CreationDate',
  'SubSecCreateDate',
  'CreateDate',
  'SubSecMediaCreateDate',
  'MediaCreateDate',
  'DateTimeCreated',
  'DigitalCreationDateTime',
  'GPSDateTime',
  'DateTimeUTC',
  'SonyDateTime2',
  'SourceImageCreateTime',
]
/** Satellites tell UTC, which is nobody's wall clock unless the zone is applied. */
const UTC_DATE_TAGS = new Set(['GPSDateTime', 'DateTimeUTC'])
const FIRST_YEAR = 1800
const LAST_YEAR = 2200

/** A sidecar's tags win where they are set; its dates replace all dates of the file. */
export function metadataOf(fileTags: Tags, sidecarTags?: Tags): MediaMetadata {
  const file = fileTags as Loose
  const sidecar = (sidecarTags ?? {}) as Loose
  const tags = { ...file, ...presentIn(sidecar) }
  return {
    takenAt: takenAtOf(sidecar, zoneOf(sidecar) ?? zoneOf(file)) ?? takenAtOf(file, zoneOf(file)),
    modifiedAt: dateOf(file.ModifyDate, zoneOf(file))?.instant ?? null,
    ...sizeOf(file),
    orientation: orientationOf(file.Orientation),
    ...placeOf(sidecar, file),
    make: text(tags.Make),
    model: text(tags.Model),
    lensModel: lensOf(tags),
    fNumber: positive(tags.FNumber ?? tags.Aperture),
    focalLength: positive(tags.FocalLength),
    iso: integer(tags.ISO),
    exposureTime: text(tags.ExposureTime ?? tags.ShutterSpeed),
    fps: positive(file.VideoFrameRate),
    description: firstText(sidecar, DESCRIPTION_TAGS) ?? firstText(file, DESCRIPTION_TAGS) ?? '',
    rating: ratingOf(tags.Rating),
    projectionType: text(tags.ProjectionType)?.toUpperCase() ?? null,
    profileDescription: text(file.ProfileDescription),
    colorspace: text(file.ColorSpace),
    bitsPerSample: integer(file.BitsPerSample),
    contentIdentifier: text(file.ContentIdentifier ?? file.MediaGroupUUID),
    burstId: text(file.BurstUUID ?? file.BurstID ?? file.CameraBurstID ?? file.MediaUniqueID),
    tags: keywordsOf(tags),
  }
}

const DESCRIPTION_TAGS = ['ImageDescription', 'Description', 'Caption-Abstract']

function presentIn(tags: Loose): Loose {
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== undefined))
}

function takenAtOf(tags: Loose, zone: string | undefined): TakenAt | null {
  for (const name of DATE_TAGS) {
    const found = dateOf(tags[name], zone, UTC_DATE_TAGS.has(name))
    if (found) return found
  }
  return null
}

function dateOf(value: unknown, zone: string | undefined, isUtc = false): TakenAt | null {
  if (!(value instanceof ExifDateTime) || !value.isValid) return null
  if (value.year < FIRST_YEAR || value.year > LAST_YEAR) return null
  const zoned = isUtc && zone ? value.setZone(zone) : value.hasZone ? value : inZone(value, zone)
  const date = zoned ?? value
  const { year, month, day, hour, minute, second, millisecond = 0 } = date
  const wallClock = new Date(Date.UTC(year, month - 1, day, hour, minute, second, millisecond))
  if (Number.isNaN(wallClock.getTime())) return null
  // Without a zone the library would take this machine's.
  if (!date.hasZone) return { wallClock, instant: wallClock, timeZone: null }
  return { wallClock, instant: new Date(date.toMillis()), timeZone: date.zone ?? null }
}

/** The same wall-clock time, said to be in the zone. */
function inZone(value: ExifDateTime, zone: string | undefined): ExifDateTime | undefined {
  return zone ? ExifDateTime.fromDateTime(value.toDateTime(zone)) : undefined
}

function zoneOf(tags: Loose): string | undefined {
  return text(tags.tz) ?? undefined
}

function sizeOf(tags: Loose): { width: number | null; height: number | null } {
  const size = /^(\d+)[x ](\d+)$/.exec(text(tags.ImageSize) ?? '')
  return {
    width: positive(size?.[1] ?? tags.ImageWidth),
    height: positive(size?.[2] ?? tags.ImageHeight),
  }
}

function orientationOf(value: unknown): string | null {
  const orientation = integer(value)
  return orientation !== null && orientation >= 1 && orientation <= 8 ? String(orientation) : null
}

function placeOf(...sources: Loose[]): { latitude: number | null; longitude: number | null } {
  for (const tags of sources) {
    const { GPSLatitude: latitude, GPSLongitude: longitude } = tags
    if (typeof latitude !== 'number' || typeof longitude !== 'number') continue
    if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) continue
    if (latitude === 0 && longitude === 0) continue
    return { latitude, longitude }
  }
  return { latitude: null, longitude: null }
}

function lensOf(tags: Loose): string | null {
  const names = [tags.LensID, tags.LensModel, tags.LensType, tags.LensSpec, tags.Lens].map(text)
  return names.find((name) => name && !/^(unknown|-+$|n\/a|none$|\d+$)/i.test(name)) ?? null
}

function ratingOf(value: unknown): number | null {
  const rating = integer(value)
  return rating !== null && rating !== 0 && rating >= -1 && rating <= 5 ? rating : null
}

function keywordsOf(tags: Loose): string[] | null {
  const hierarchical = listOf(tags.HierarchicalSubject).map((name) => name.replaceAll('|', '/'))
  const sources = [
    listOf(tags.TagsList),
    hierarchical,
    [...listOf(tags.Keywords), ...listOf(tags.Subject)],
  ]
  const names = sources.find((source) => source.length > 0)
  return names ? [...new Set(names)] : null
}

function listOf(value: unknown): string[] {
  const values = Array.isArray(value) ? value : value === undefined ? [] : [value]
  return values.flatMap((each) => text(each) ?? [])
}

function firstText(tags: Loose, names: string[]): string | undefined {
  for (const name of names) {
    const found = text(tags[name])
    if (found) return found
  }
  return undefined
}

/** Postgres takes no NUL in text, and cameras pad with them. */
function text(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const trimmed = String(value).replaceAll('\0', '').trim()
  return trimmed === '' ? null : trimmed
}

function positive(value: unknown): number | null {
  const number = typeof value === 'number' ? value : Number.parseFloat(String(value))
  return Number.isFinite(number) && number > 0 ? number : null
}

const POSTGRES_INTEGER_MAX = 2_147_483_647

function integer(value: unknown): number | null {
  const first = Array.isArray(value) ? value[0] : value
  const number = typeof first === 'number' ? first : Number.parseFloat(String(first))
  if (!Number.isFinite(number) || Math.abs(number) > POSTGRES_INTEGER_MAX) return null
  return Math.round(number)
}
