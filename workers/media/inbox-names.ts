const UNFINISHED = /\.(part|partial|filepart|tmp|temp|crdownload|download|opdownload|!ut)$|~$/i
const SYSTEM_FILES = /^(thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r?)$/i
const SYSTEM_FOLDERS = /^(\..+|@eadir|__macosx|\$recycle\.bin|system volume information)$/i
const SIDECAR = /\.xmp$/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are taken out
const CONTROL = /[\x00-\x1f\x7f]/g

const HIDDEN = 'Hidden files and files of an operating system are not imported.'
const IN_HIDDEN = 'It lies in a hidden folder, or in one of an operating system.'
const IS_UNFINISHED =
  'By its name this file is still being copied. Give it its own name when it is whole.'

/** The last part of a key, without what neither Postgres nor a header can carry. It names; it is never a path. */
export function fileNameOfKey(key: string): string {
  const base = key.slice(Math.max(key.lastIndexOf('/'), key.lastIndexOf('\\')) + 1)
  return base.replace(CONTROL, '').toWellFormed().trim()
}

/** Why a file is not imported whatever is in it, in words for its owner. */
export function faultOfName(key: string): string | undefined {
  const [, , ...folders] = key.split('/').slice(0, -1)
  const name = fileNameOfKey(key)
  if (folders.some((folder) => SYSTEM_FOLDERS.test(folder))) return IN_HIDDEN
  if (name === '' || name.startsWith('.') || SYSTEM_FILES.test(name)) return HIDDEN
  if (UNFINISHED.test(name)) return IS_UNFINISHED
  return undefined
}

/** What tools write to show an empty folder. */
export const isFolderMarker = (key: string) => key.endsWith('/')

export const isSidecar = (key: string) => SIDECAR.test(key)

/** `a/foo.jpg` and `a/foo.jpg.xmp` are `a/foo` and `a/foo.jpg`. */
export function stemOf(key: string): string {
  return key.replace(/\.[^./]*$/, '')
}

/** The sidecars that belong to a file, the stronger first: `foo.jpg.xmp` wins over `foo.xmp`. */
export function sidecarKeysOf(key: string): string[] {
  return [`${key}.xmp`, `${key}.XMP`, `${stemOf(key)}.xmp`, `${stemOf(key)}.XMP`]
}
