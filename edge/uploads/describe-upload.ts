import { type SignedPut, UPLOAD_PUTS_PER_ANSWER, type UploadDto } from '#contracts/api/uploads.ts'
import { base64Of } from '#contracts/checksum.ts'
import { type PartRange, partsOf, SINGLE_PUT_MAX_BYTES } from '#contracts/upload-parts.ts'
import type { Upload } from '#db/queries/uploads.ts'
import type { Presigner } from '#storage/presign.ts'
import type { ListedPart, Storage } from '#storage/storage.ts'
import type { StoreCapabilities } from './store-capabilities.ts'

/** A presigned upload always has them; a row's type cannot know. */
export function announced(upload: Upload): { sizeBytes: number; checksum: Uint8Array } {
  const { sizeBytes, checksum } = upload
  if (sizeBytes === null || checksum === null) throw new Error(`upload ${upload.id} has no size`)
  return { sizeBytes, checksum }
}

export const isSinglePut = (upload: Upload) => announced(upload).sizeBytes <= SINGLE_PUT_MAX_BYTES

/** The one PUT or the parts that make up the file. */
export function rangesOf(upload: Upload): PartRange[] {
  const { sizeBytes } = announced(upload)
  return isSinglePut(upload) ? [{ partNumber: 1, start: 0, end: sizeBytes }] : partsOf(sizeBytes)
}

export type Arrival = {
  arrived: PartRange[]
  missing: PartRange[]
  /** What the store lists of a multipart upload; undefined when it knows of none that is open. */
  parts: ListedPart[] | undefined
}

export function nothingArrived(upload: Upload): Arrival {
  return { arrived: [], missing: rangesOf(upload), parts: [] }
}

/** What lies in the store. A part of another length than agreed counts as missing. */
export async function findArrival(storage: Storage, upload: Upload): Promise<Arrival> {
  const { objectKey: key, multipartId } = upload
  const ranges = rangesOf(upload)
  const parts = multipartId ? await storage.listParts({ key, multipartId }) : undefined
  if (parts) {
    const sizes = new Map(parts.map((part) => [part.partNumber, part.sizeBytes]))
    const isThere = (range: PartRange) => sizes.get(range.partNumber) === range.end - range.start
    return {
      arrived: ranges.filter(isThere),
      missing: ranges.filter((range) => !isThere(range)),
      parts,
    }
  }
  // A single PUT, or a multipart upload that is completed already.
  const head = await storage.head(key)
  const isWhole = head?.sizeBytes === announced(upload).sizeBytes
  return { arrived: isWhole ? ranges : [], missing: isWhole ? [] : ranges, parts }
}

type Signing = { presigner: Presigner; capabilities: StoreCapabilities; putsExpireAt: Date }

async function signPut(upload: Upload, range: PartRange, signing: Signing): Promise<SignedPut> {
  const { presigner, capabilities } = signing
  const { objectKey: key, contentType, multipartId } = upload
  const sizeBytes = range.end - range.start
  if (multipartId) {
    const crc32c = upload.partChecksums?.[range.partNumber - 1]
    const options = { partNumber: range.partNumber, sizeBytes, ...(crc32c && { crc32c }) }
    return { ...range, ...(await presigner.presignPart({ key, multipartId }, options)) }
  }
  const options = {
    sizeBytes,
    contentType,
    ...(capabilities.provesSha1 && { sha1: announced(upload).checksum }),
    ...(capabilities.refusesOverwrite && { ifAbsent: true as const }),
  }
  return { ...range, ...(await presigner.presignPut(key, options)) }
}

export function presentUpload(
  upload: Upload,
  { arrived, puts, putsExpireAt }: { arrived: PartRange[]; puts: SignedPut[]; putsExpireAt: Date },
): UploadDto {
  const { sizeBytes, checksum } = announced(upload)
  return {
    id: upload.id,
    state: upload.state,
    assetId: upload.resultAssetId ?? upload.assetId,
    fileName: upload.originalFileName,
    sizeBytes,
    checksum: base64Of(checksum),
    arrivedBytes: arrived.reduce((sum, { start, end }) => sum + end - start, 0),
    arrivedParts: arrived.map(({ partNumber }) => partNumber),
    puts,
    putsExpireAt: putsExpireAt.toISOString(),
    createdAt: upload.createdAt.toISOString(),
    reason: upload.reason,
  }
}

/** An upload that awaits bytes, with signed requests for what is missing from part `from` on. */
export async function describeUpload(
  upload: Upload,
  { arrived, missing }: Arrival,
  { from, ...signing }: Signing & { from: number },
): Promise<UploadDto> {
  const next = missing
    .filter(({ partNumber }) => partNumber >= from)
    .slice(0, UPLOAD_PUTS_PER_ANSWER)
  const puts = await Promise.all(next.map((range) => signPut(upload, range, signing)))
  return presentUpload(upload, { arrived, puts, putsExpireAt: signing.putsExpireAt })
}

/** One that awaits no bytes any more. */
export function describeSettledUpload(upload: Upload): UploadDto {
  const arrived = upload.state === 'failed' ? [] : rangesOf(upload)
  return presentUpload(upload, { arrived, puts: [], putsExpireAt: upload.updatedAt })
}
