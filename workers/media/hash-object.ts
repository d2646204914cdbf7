import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'

export type HashedObject = {
  sizeBytes: number
  /** SHA-1 of the whole. */
  checksum: Buffer
  /** MD5 of each part, where parts were asked for: a store makes the ETag of a multipart object of them. */
  partMd5s: Buffer[]
}

/** Reads a stream once for its checksum and, with `partBytes`, for the MD5 of each part of that size. */
export async function hashObject(
  body: Readable,
  { partBytes }: { partBytes?: number | undefined } = {},
): Promise<HashedObject> {
  const sha1 = createHash('sha1')
  const parts = partBytes ? md5OfParts(partBytes) : undefined
  let sizeBytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sha1.update(chunk)
    parts?.update(chunk)
    sizeBytes += chunk.byteLength
  }
  return { sizeBytes, checksum: sha1.digest(), partMd5s: parts?.digests() ?? [] }
}

function md5OfParts(partBytes: number) {
  const done: Buffer[] = []
  let current: Hash | undefined
  let filled = 0
  const finish = () => {
    if (current) done.push(current.digest())
    current = undefined
    filled = 0
  }
  return {
    update(chunk: Buffer) {
      let rest = chunk
      while (rest.byteLength > 0) {
        current ??= createHash('md5')
        const taken = rest.subarray(0, partBytes - filled)
        current.update(taken)
        filled += taken.byteLength
        rest = rest.subarray(taken.byteLength)
        if (filled === partBytes) finish()
      }
    },
    digests() {
      finish()
      return done
    },
  }
}

/** What S3 calls a multipart object of these parts. */
export function etagOfParts(partMd5s: Buffer[]): string {
  const whole = createHash('md5').update(Buffer.concat(partMd5s)).digest('hex')
  return `"${whole}-${partMd5s.length}"`
}
