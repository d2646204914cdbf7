import { createCRC32 } from 'hash-wasm'
import { base64Of } from '#contracts/checksum.ts'
import { partSizeBytesFor, SINGLE_PUT_MAX_BYTES } from '#contracts/upload-parts.ts'
import { SourceError } from './upload-errors.ts'
import type { FileHash } from './upload-types.ts'

/** CRC32C (Castagnoli) in the reflected form that hash-wasm takes. */
const CRC32C_POLYNOMIAL = 0x82f63b78

export type Sha1Digest = { update(bytes: Uint8Array): unknown; digest(): Uint8Array }

/** One pass over a file: SHA-1 of the whole and CRC32C of each part, parts being cut where both sides cut them. */
export async function hashChunks(options: {
  sizeBytes: number
  chunks: AsyncIterable<Uint8Array>
  sha1: Sha1Digest
  onProgress: (hashedBytes: number) => void
}): Promise<FileHash> {
  const { sizeBytes, sha1 } = options
  const partSizeBytes = partSizeBytesFor(sizeBytes)
  const crc32c = sizeBytes > SINGLE_PUT_MAX_BYTES ? await createCRC32(CRC32C_POLYNOMIAL) : undefined
  crc32c?.init()
  const partChecksums: string[] = []
  let position = 0

  const endPart = () => {
    if (!crc32c) return
    partChecksums.push(base64Of(crc32c.digest('binary')))
    crc32c.init()
  }
  const updateParts = (chunk: Uint8Array) => {
    let offset = 0
    while (offset < chunk.length) {
      const partEnd = (partChecksums.length + 1) * partSizeBytes
      const end = Math.min(chunk.length, partEnd - position)
      crc32c?.update(chunk.subarray(offset, end))
      offset = end
      if (position + offset === partEnd) endPart()
    }
  }

  for await (const chunk of options.chunks) {
    if (position + chunk.length > sizeBytes) break
    sha1.update(chunk)
    if (crc32c) updateParts(chunk)
    position += chunk.length
    options.onProgress(position)
  }
  if (position !== sizeBytes) throw new SourceError('The file changed while it was read')
  if (sizeBytes % partSizeBytes > 0) endPart()
  const checksum = base64Of(sha1.digest())
  return crc32c ? { checksum, partChecksums } : { checksum }
}
