import { base64Of } from '#contracts/checksum.ts'
import { partSizeBytesFor, SINGLE_PUT_MAX_BYTES } from '#contracts/upload-parts.ts'
import { SourceError } from './upload-errors.ts'
import type { FileHash } from './upload-types.ts'

/** CRC32C (Castagnoli) in the reflected form that hash-wasm takes. */
export const CRC32C_POLYNOMIAL = 0x82f63b78

export type Digests = {
  sha1: { update(bytes: Uint8Array): unknown; digest(): Uint8Array }
  /** `digest` also begins anew. */
  crc32c: { update(bytes: Uint8Array): unknown; digest(): Uint8Array }
}

/** One pass over a file: SHA-1 of the whole and CRC32C of each part, parts being cut where both sides cut them. */
export async function hashChunks(options: {
  sizeBytes: number
  chunks: AsyncIterable<Uint8Array>
  digests: Digests
  onProgress: (hashedBytes: number) => void
}): Promise<FileHash> {
  const { sizeBytes, digests } = options
  const partSizeBytes = partSizeBytesFor(sizeBytes)
  const hasParts = sizeBytes > SINGLE_PUT_MAX_BYTES
  const partChecksums: string[] = []
  let position = 0

  const updateParts = (chunk: Uint8Array) => {
    let offset = 0
    while (offset < chunk.length) {
      const partEnd = (partChecksums.length + 1) * partSizeBytes
      const end = Math.min(chunk.length, offset + partEnd - (position + offset))
      digests.crc32c.update(chunk.subarray(offset, end))
      offset = end
      if (position + offset === partEnd) partChecksums.push(base64Of(digests.crc32c.digest()))
    }
  }

  for await (const chunk of options.chunks) {
    if (position + chunk.length > sizeBytes) break
    digests.sha1.update(chunk)
    if (hasParts) updateParts(chunk)
    position += chunk.length
    options.onProgress(position)
  }
  if (position !== sizeBytes) throw new SourceError('The file changed while it was read')
  if (hasParts && sizeBytes % partSizeBytes > 0) {
    partChecksums.push(base64Of(digests.crc32c.digest()))
  }
  const checksum = base64Of(digests.sha1.digest())
  return hasParts ? { checksum, partChecksums } : { checksum }
}
