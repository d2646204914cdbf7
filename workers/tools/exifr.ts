import { open } from 'node:fs/promises'
import exifr from 'exifr'
import { DefaultExifToolOptions, ExifDateTime, type Tags } from 'exiftool-vendored'

type Fields = Record<string, unknown>

/** Metadata stands near the start. A path would have exifr leave files open that it does not know. */
const HEAD_BYTES = 4 * 1024 * 1024

const OPTIONS = {
  tiff: true,
  exif: true,
  gps: true,
  xmp: false,
  iptc: false,
  icc: false,
  interop: false,
  // Dates stay text: revived they would be read in this machine's time zone.
  reviveValues: false,
  translateValues: false,
} as const

/**
 * Reads JPEG, TIFF, HEIC and PNG without exiftool, for when exiftool cannot run. Finds the common fields only;
 * undefined where it finds none.
 */
export async function readTagsWithExifr(path: string): Promise<Tags | undefined> {
  const fields = (await exifr.parse(await readHead(path), OPTIONS)) as Fields | undefined
  if (!fields) return undefined
  const { latitude, longitude } = fields as { latitude?: number; longitude?: number }
  const place = typeof latitude === 'number' && typeof longitude === 'number'
  const zone = offsetOf(fields) ?? (place ? zoneAt(latitude, longitude) : undefined)
  return {
    ...textsOf(fields, ['Make', 'Model', 'LensModel', 'ImageDescription']),
    ...numbersOf(fields, ['Orientation', 'FNumber', 'ISO', 'Rating']),
    ...datesOf(fields, zone),
    ...(typeof fields.FocalLength === 'number' && { FocalLength: `${fields.FocalLength} mm` }),
    ...(typeof fields.ExposureTime === 'number' && {
      ExposureTime: exposureText(fields.ExposureTime),
    }),
    ...(place && { GPSLatitude: latitude, GPSLongitude: longitude }),
    ...(zone && { tz: zone }),
  } as Tags
}

async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
  return buffer.subarray(0, bytesRead)
}

function offsetOf(fields: Fields): string | undefined {
  const offset = fields.OffsetTimeOriginal ?? fields.OffsetTimeDigitized ?? fields.OffsetTime
  return typeof offset === 'string' && /^[+-]\d\d:\d\d/.test(offset)
    ? `UTC${offset.slice(0, 6)}`
    : undefined
}

function zoneAt(latitude: number, longitude: number): string | undefined {
  try {
    return DefaultExifToolOptions.geoTz(latitude, longitude)
  } catch {
    return undefined // no zone is known for coordinates out of range
  }
}

function datesOf(fields: Fields, zone: string | undefined): Fields {
  const dates: Fields = {}
  const names = { DateTimeOriginal: fields.DateTimeOriginal, CreateDate: fields.CreateDate }
  for (const [name, value] of Object.entries({ ...names, ModifyDate: fields.ModifyDate })) {
    const date = typeof value === 'string' ? ExifDateTime.fromEXIF(value, zone) : undefined
    if (date) dates[name] = date
  }
  return dates
}

function textsOf(fields: Fields, names: string[]): Fields {
  const present = names.filter((name) => typeof fields[name] === 'string')
  return Object.fromEntries(present.map((name) => [name, String(fields[name]).trim()]))
}

function numbersOf(fields: Fields, names: string[]): Fields {
  const present = names.filter((name) => typeof fields[name] === 'number')
  return Object.fromEntries(present.map((name) => [name, fields[name]]))
}

function exposureText(seconds: number): string {
  return seconds > 0 && seconds < 0.3 ? `1/${Math.round(1 / seconds)}` : String(seconds)
}
