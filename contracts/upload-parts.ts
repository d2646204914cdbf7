const MIB = 1024 * 1024

/** Below this an upload is one PUT, whose SHA-1 the store itself can prove. */
export const SINGLE_PUT_MAX_BYTES = 16 * MIB
/** S3 takes at most 10,000 parts; a few are kept in hand. */
const MAX_PARTS = 9_000
/** A connection that breaks costs half a part for each that is on its way: small enough for lines that break often. */
const MIN_PART_BYTES = 8 * MIB
/** S3's limit for one object. */
export const MAX_UPLOAD_BYTES = 5 * 1024 * 1024 * MIB

/** The part size both sides derive from the file's size: a multiple of 1 MiB, equal for all parts but the last. */
export function partSizeBytesFor(sizeBytes: number): number {
  const needed = Math.ceil(sizeBytes / MAX_PARTS)
  return Math.max(MIN_PART_BYTES, Math.ceil(needed / MIB) * MIB)
}

export type PartRange = { partNumber: number; start: number; end: number }

/** Part numbers start at 1; `end` is exclusive. */
export function partsOf(sizeBytes: number): PartRange[] {
  const partSizeBytes = partSizeBytesFor(sizeBytes)
  return Array.from({ length: Math.ceil(sizeBytes / partSizeBytes) }, (_, index) => ({
    partNumber: index + 1,
    start: index * partSizeBytes,
    end: Math.min(sizeBytes, (index + 1) * partSizeBytes),
  }))
}
