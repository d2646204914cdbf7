import type { MultipartId, Part, PutOptions, Storage } from './storage.ts'

const MIB = 1024 * 1024
const FIRST_BUFFER_BYTES = MIB
const PART_BYTES = 8 * MIB
const PARTS_IN_FLIGHT = 2
/** S3 takes 10,000 parts, which at 8 MiB ends at 78 GiB: the last thousands are larger. */
const PARTS_BEFORE_GROWTH = 8_000
const GROWN_PART_BYTES = 64 * MIB

type WriterOptions = {
  storage: Storage
  key: string
  contentType: string
  /** Told before the first part is sent, so that whoever keeps books can find the multipart upload again. */
  onMultipart?: (upload: MultipartId) => Promise<void>
}

type Sending = { done: Promise<void>; buffer: Uint8Array }

/**
 * Writes one object of unknown size in constant memory: what fits into one part is a single PUT, the rest a
 * multipart upload with two parts on their way while the third is filled.
 */
export class ObjectWriter {
  readonly #options: WriterOptions
  #buffer: Uint8Array = new Uint8Array(FIRST_BUFFER_BYTES)
  #filled = 0
  #sizeBytes = 0
  #upload: MultipartId | undefined
  #lastPartNumber = 0
  readonly #parts: Part[] = []
  readonly #sendings: Sending[] = []

  constructor(options: WriterOptions) {
    this.#options = options
  }

  get sizeBytes() {
    return this.#sizeBytes
  }

  /** Copies the bytes; the caller may reuse its buffer at once. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.byteLength
    let rest = bytes
    while (rest.byteLength > 0) {
      if (this.#filled === this.#buffer.byteLength) await this.#makeRoom()
      const taken = rest.subarray(0, this.#buffer.byteLength - this.#filled)
      this.#buffer.set(taken, this.#filled)
      this.#filled += taken.byteLength
      rest = rest.subarray(taken.byteLength)
    }
  }

  async close(options: Omit<PutOptions, 'contentType'> = {}): Promise<void> {
    const { storage, key, contentType } = this.#options
    const rest = this.#buffer.subarray(0, this.#filled)
    if (!this.#upload) return storage.put(key, rest, { contentType, ...options })
    this.#startSending(this.#upload, rest)
    await Promise.all(this.#sendings.map(({ done }) => done))
    await storage.completeMultipart(this.#upload, this.#parts)
  }

  /** Leaves no parts behind. An object that `close` has finished stays. */
  async abort(): Promise<void> {
    await Promise.allSettled(this.#sendings.map(({ done }) => done))
    if (this.#upload) await this.#options.storage.abortMultipart(this.#upload)
  }

  /** Small files never cost a whole part's memory: the first buffer grows, a full part is sent. */
  async #makeRoom(): Promise<void> {
    if (this.#buffer.byteLength < PART_BYTES) {
      const larger = new Uint8Array(Math.min(this.#buffer.byteLength * 4, PART_BYTES))
      larger.set(this.#buffer)
      this.#buffer = larger
      return
    }
    this.#upload ??= await this.#begin()
    const oldest = this.#sendings.length < PARTS_IN_FLIGHT ? undefined : this.#sendings.shift()
    await oldest?.done
    this.#startSending(this.#upload, this.#buffer)
    const isGrown = this.#lastPartNumber >= PARTS_BEFORE_GROWTH
    const partBytes = isGrown ? GROWN_PART_BYTES : PART_BYTES
    this.#buffer =
      oldest?.buffer.byteLength === partBytes ? oldest.buffer : new Uint8Array(partBytes)
    this.#filled = 0
  }

  async #begin(): Promise<MultipartId> {
    const { storage, key, contentType, onMultipart } = this.#options
    const upload = await storage.createMultipart(key, { contentType })
    await onMultipart?.(upload)
    return upload
  }

  #startSending(upload: MultipartId, buffer: Uint8Array): void {
    this.#lastPartNumber += 1
    const done = this.#send(upload, this.#lastPartNumber, buffer)
    // Whoever awaits it next sees the failure; until then it must not count as unhandled.
    done.catch(() => {})
    this.#sendings.push({ done, buffer })
  }

  async #send(upload: MultipartId, partNumber: number, buffer: Uint8Array): Promise<void> {
    this.#parts.push(await this.#options.storage.uploadPart(upload, partNumber, buffer))
  }
}
