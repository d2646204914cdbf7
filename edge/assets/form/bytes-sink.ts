import { AppError } from '#contracts/errors.ts'
import type { PartSink } from './multipart-parser.ts'

/** Keeps a small part in memory. */
export function bytesSink(options: {
  what: string
  maxBytes: number
  onWhole: (bytes: Uint8Array) => void
}): PartSink {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  return {
    write(bytes) {
      sizeBytes += bytes.byteLength
      if (sizeBytes > options.maxBytes)
        throw new AppError('too_large', `${options.what} is too large`)
      chunks.push(bytes.slice())
    },
    close() {
      const whole = new Uint8Array(sizeBytes)
      let at = 0
      for (const chunk of chunks) {
        whole.set(chunk, at)
        at += chunk.byteLength
      }
      options.onWhole(whole)
    },
  }
}

export const discardSink: PartSink = { write: () => {}, close: () => {} }
