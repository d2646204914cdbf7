import { ByteFinder } from './find-bytes.ts'
import { type PartHeaders, parsePartHeaders } from './part-headers.ts'

/** Takes one part's bytes. They may be reused once the promise is settled. */
export type PartSink = {
  write(bytes: Uint8Array): Promise<void> | void
  close(): Promise<void> | void
}

export class MalformedFormError extends Error {
  override readonly name = 'MalformedFormError'
}

const MAX_HEADER_BYTES = 16 * 1024
const MAX_PARTS = 200
const CR = 13
const LF = 10
const DASH = 45

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const HEADERS_END = new ByteFinder(encoder.encode('\r\n\r\n'))

/** The boundary that a content type names, without quotes; undefined when it is no form. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /^multipart\/form-data\b.*?;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(
    contentType ?? '',
  )
  return match?.[1] ?? match?.[2]
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.byteLength + b.byteLength)
  joined.set(a)
  joined.set(b, a.byteLength)
  return joined
}

type State = 'preamble' | 'delimiter' | 'headers' | 'body' | 'end'

/**
 * multipart/form-data (RFC 7578), pushed in as it comes, each part's bytes pushed out at once: what is held is never
 * more than a delimiter or a part's headers. A form that stops before its closing delimiter is malformed, so a
 * client that went away is never taken for one that has finished.
 */
export class MultipartParser {
  readonly #onPart: (headers: PartHeaders) => PartSink | Promise<PartSink>
  /** `\r\n--boundary`; the first one lacks the line break, which is put in front of the stream. */
  readonly #delimiter: ByteFinder
  #state: State = 'preamble'
  #held: Uint8Array = new Uint8Array([CR, LF])
  #sink: PartSink | undefined
  #parts = 0

  constructor(options: {
    boundary: string
    onPart: (headers: PartHeaders) => PartSink | Promise<PartSink>
  }) {
    this.#delimiter = new ByteFinder(encoder.encode(`\r\n--${options.boundary}`))
    this.#onPart = options.onPart
  }

  async push(chunk: Uint8Array): Promise<void> {
    let rest = this.#held.byteLength > 0 ? concat(this.#held, chunk) : chunk
    for (;;) {
      const taken = await this.#step(rest)
      if (taken === undefined) break
      rest = rest.subarray(taken)
    }
    // Not a view: the chunk's memory belongs to the caller.
    this.#held = this.#state === 'end' ? new Uint8Array() : rest.slice(this.#emitted)
    this.#emitted = 0
  }

  /** To be called when the stream has ended. */
  end(): void {
    if (this.#state !== 'end') throw new MalformedFormError('The form ended before its time')
  }

  /** How much at the start of what is left was handed on within the current state. */
  #emitted = 0

  /** Works on the front of `bytes` and answers how much of it is done; undefined when more is needed. */
  #step(bytes: Uint8Array): Promise<number | undefined> | number | undefined {
    if (this.#state === 'headers') return this.#readHeaders(bytes)
    if (this.#state === 'delimiter') return this.#readDelimiterEnd(bytes)
    if (this.#state === 'end') return undefined
    return this.#readToDelimiter(bytes)
  }

  async #readToDelimiter(bytes: Uint8Array): Promise<number | undefined> {
    const { needle } = this.#delimiter
    const found = this.#delimiter.find(bytes, 0)
    if (found >= 0) {
      if (found > 0) await this.#sink?.write(bytes.subarray(0, found))
      await this.#sink?.close()
      this.#sink = undefined
      this.#state = 'delimiter'
      return found + needle.byteLength
    }
    // The end may be the beginning of a delimiter; that begins with a CR.
    const tail = Math.max(0, bytes.byteLength - needle.byteLength + 1)
    const suspect = bytes.indexOf(CR, tail)
    const safe = suspect < 0 ? bytes.byteLength : suspect
    if (safe > 0) await this.#sink?.write(bytes.subarray(0, safe))
    this.#emitted = safe
    return undefined
  }

  /** After a delimiter: `--` ends the form, a line break (after optional blanks) begins a part. */
  #readDelimiterEnd(bytes: Uint8Array): number | undefined {
    if (bytes.byteLength < 2) return undefined
    if (bytes[0] === DASH && bytes[1] === DASH) {
      this.#state = 'end'
      return 2
    }
    const lineEnd = bytes.indexOf(LF)
    if (lineEnd < 0) {
      if (bytes.byteLength > MAX_HEADER_BYTES)
        throw new MalformedFormError('A delimiter is too long')
      return undefined
    }
    if (decoder.decode(bytes.subarray(0, lineEnd)).trim() !== '') {
      throw new MalformedFormError('A delimiter is followed by text')
    }
    this.#state = 'headers'
    // The line break counts as the blank line of a part that has no headers at all.
    return lineEnd - 1
  }

  async #readHeaders(bytes: Uint8Array): Promise<number | undefined> {
    const found = HEADERS_END.find(bytes, 0)
    if (found < 0) {
      if (bytes.byteLength > MAX_HEADER_BYTES) throw new MalformedFormError('Headers are too long')
      return undefined
    }
    this.#parts += 1
    if (this.#parts > MAX_PARTS) throw new MalformedFormError('The form has too many parts')
    const headers = parsePartHeaders(decoder.decode(bytes.subarray(0, found)).trim())
    if (!headers) throw new MalformedFormError('A part does not name its field')
    this.#sink = await this.#onPart(headers)
    this.#state = 'body'
    // The blank line's own break may begin the delimiter of an empty part.
    return found + 2
  }
}
