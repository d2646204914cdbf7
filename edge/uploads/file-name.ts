import { AppError } from '#contracts/errors.ts'
import { type MediaType, mediaTypeOfName } from '#contracts/media-types.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are taken out
const CONTROL = /[\x00-\x1f\x7f]/g

/** A client's name for a file, without folders and without what neither Postgres nor a header can carry. */
export function cleanFileName(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  return base.replace(CONTROL, '').toWellFormed().trim()
}

export function mediaTypeFor(fileName: string): MediaType {
  const mediaType = mediaTypeOfName(fileName)
  if (!mediaType) throw new AppError('unsupported_media', `Unsupported file type ${fileName}`)
  return mediaType
}
