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

/** How much at the front of the bytes is done, and whether the rest must wait for more. */
type Step = { done: number; isBlocked: boolean }

const NEEDS_MORE: Step = { done: 0, isBlocked: true }

function waitFor(bytes: Uint8Array, what: string): Step {
  if (bytes.byteLength > MAX_HEADER_BYTES)
    throw new MalformedFormError(`${what} has too long headers`)
  return NEEDS_MORE
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
    let isBlocked = false
    while (!isBlocked && this.#state !== 'end') {
      const step = await this.#step(rest)
      rest = rest.subarray(step.done)
      isBlocked = step.isBlocked
    }
    // A copy: the chunk's memory belongs to the caller.
    this.#held = this.#state === 'end' ? new Uint8Array() : rest.slice()
  }

  /** To be called when the stream has ended. */
  end(): void {
    if (this.#state !== 'end') throw new MalformedFormError('The form ended before its time')
  }

  #step(bytes: Uint8Array): Step | Promise<Step> {
    if (this.#state === 'headers') return this.#readHeaders(bytes)
    if (this.#state === 'delimiter') return this.#readDelimiterEnd(bytes)
    return this.#readToDelimiter(bytes)
  }

  async #readToDelimiter(bytes: Uint8Array): Promise<Step> {
    const { needle } = this.#delimiter
    const found = this.#delimiter.find(bytes, 0)
    if (found >= 0) {
      if (found > 0) await this.#sink?.write(bytes.subarray(0, found))
      await this.#sink?.close()
      this.#sink = undefined
      this.#state = 'delimiter'
      return { done: found + needle.byteLength, isBlocked: false }
    }
    // The end may be the beginning of a delimiter, and that begins with a CR.
    const suspect = bytes.indexOf(CR, Math.max(0, bytes.byteLength - needle.byteLength + 1))
    const done = suspect < 0 ? bytes.byteLength : suspect
    if (done > 0) await this.#sink?.write(bytes.subarray(0, done))
    return { done, isBlocked: true }
  }

  /** After a delimiter: `--` ends the form, the end of the line (after optional blanks) begins a part. */
  #readDelimiterEnd(bytes: Uint8Array): Step {
    if (bytes.byteLength < 2) return NEEDS_MORE
    if (bytes[0] === DASH && bytes[1] === DASH) {
      this.#state = 'end'
      return { done: 2, isBlocked: true }
    }
    const lineEnd = bytes.indexOf(LF)
    if (lineEnd < 0) return waitFor(bytes, 'A delimiter')
    if (decoder.decode(bytes.subarray(0, lineEnd)).trim() !== '') {
      throw new MalformedFormError('A delimiter is followed by text')
    }
    this.#state = 'headers'
    return { done: lineEnd + 1, isBlocked: false }
  }

  async #readHeaders(bytes: Uint8Array): Promise<Step> {
    const found = HEADERS_END.find(bytes, 0)
    if (found < 0) return waitFor(bytes, 'A part')
    this.#parts += 1
    if (this.#parts > MAX_PARTS) throw new MalformedFormError('The form has too many parts')
    const headers = parsePartHeaders(decoder.decode(bytes.subarray(0, found)))
    if (!headers) throw new MalformedFormError('A part does not name its field')
    this.#sink = await this.#onPart(headers)
    this.#state = 'body'
    return { done: found + HEADERS_END.needle.byteLength, isBlocked: false }
  }
}
