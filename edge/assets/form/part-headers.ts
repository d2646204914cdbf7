export type PartHeaders = {
  name: string
  /** Present exactly for files: a text field may bear the same name as one. */
  fileName: string | undefined
  contentType: string | undefined
}

const unquote = (text: string) =>
  text.startsWith('"') ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text

/** Browsers write these three of a name in percent form, and nothing else. */
const decodeFormName = (text: string) =>
  text.replace(/%22/g, '"').replace(/%0D/gi, '\r').replace(/%0A/gi, '\n')

function decodeExtended(text: string): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(text)?.[1]
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded)
  } catch {
    return undefined // not what RFC 5987 says; the plain name counts then
  }
}

const PARAMETER = /;\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)/g

/** Header lines of a part; undefined when it does not say which field it is. */
export function parsePartHeaders(block: string): PartHeaders | undefined {
  const headers = new Map<string, string>()
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0)
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const disposition = headers.get('content-disposition') ?? ''
  const parameters = new Map<string, string>()
  for (const [, key = '', value = ''] of disposition.matchAll(PARAMETER)) {
    parameters.set(key.toLowerCase(), unquote(value))
  }
  const name = parameters.get('name')
  if (!/^form-data\b/i.test(disposition) || name === undefined) return undefined
  const plain = parameters.get('filename')
  const fileName =
    decodeExtended(parameters.get('filename*') ?? '') ?? (plain && decodeFormName(plain)) ?? plain
  return { name: decodeFormName(name), fileName, contentType: headers.get('content-type') }
}
