import type { ExifResponseDto } from '#contracts/api/assets.ts'

type Exif = Partial<ExifResponseDto>

/** "Canon Canon EOS 5D" says the maker twice; people say "Canon EOS 5D". */
export function cameraName({ make, model }: Exif): string | undefined {
  const maker = tidyMaker(make ?? '')
  const name = (model ?? '').trim()
  if (!name) return maker || undefined
  const first = maker.split(' ')[0]?.toLowerCase() ?? ''
  return !first || name.toLowerCase().startsWith(first) ? name : `${maker} ${name}`
}

const KNOWN_MAKERS: Record<string, string> = {
  'NIKON CORPORATION': 'Nikon',
  NIKON: 'Nikon',
  'OLYMPUS IMAGING CORP.': 'Olympus',
  'OLYMPUS CORPORATION': 'Olympus',
  SAMSUNG: 'Samsung',
  samsung: 'Samsung',
  SONY: 'Sony',
  PANASONIC: 'Panasonic',
  FUJIFILM: 'Fujifilm',
}

function tidyMaker(make: string): string {
  const trimmed = make.trim()
  return KNOWN_MAKERS[trimmed] ?? trimmed
}

/** f/1.8 · 1/120 s · 26 mm · ISO 64 */
export function exposureFacts({ fNumber, exposureTime, focalLength, iso }: Exif): string[] {
  return [
    fNumber ? `ƒ/${round(fNumber, 1)}` : '',
    exposureTime ? `${exposureTime} s` : '',
    focalLength ? `${round(focalLength, 1)} mm` : '',
    iso ? `ISO ${iso}` : '',
  ].filter(Boolean)
}

export function placeName({ city, state, country }: Exif): string | undefined {
  const parts = [city, state, country].filter((part): part is string => Boolean(part))
  const unique = parts.filter((part, index) => parts.indexOf(part) === index)
  return unique.length > 0 ? unique.join(', ') : undefined
}

/** 52.45961° N, 13.32184° E */
export function formatCoordinates(latitude: number, longitude: number): string {
  const north = `${Math.abs(latitude).toFixed(5)}° ${latitude < 0 ? 'S' : 'N'}`
  const east = `${Math.abs(longitude).toFixed(5)}° ${longitude < 0 ? 'W' : 'E'}`
  return `${north}, ${east}`
}

export function formatMegapixels(width: number, height: number): string {
  const megapixels = (width * height) / 1_000_000
  return `${megapixels < 0.1 ? '<0.1' : round(megapixels, 1)} MP`
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
