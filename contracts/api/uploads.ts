import { z } from 'zod'
import { AssetId, UploadId } from '../ids.ts'
import { MAX_UPLOAD_BYTES } from '../upload-parts.ts'

const Sha1Base64 = z.string().regex(/^[A-Za-z0-9+/]{27}=$/, 'must be a SHA-1 in base64')
const Crc32cBase64 = z.string().regex(/^[A-Za-z0-9+/]{6}==$/, 'must be a CRC32C in base64')

/** What a client says of an asset before the server has read its bytes. */
export const AssetClaims = z.object({
  fileCreatedAt: z.iso.datetime({ offset: true }),
  fileModifiedAt: z.iso.datetime({ offset: true }),
  /** Wall-clock time at the place of the photo, written with a Z; decides the month it stands in. */
  localDateTime: z.iso.datetime().optional(),
  timeZone: z.string().max(64).optional(),
  latitude: z.number().min(-90).max(90).optional(),
  longitude: z.number().min(-180).max(180).optional(),
  width: z.number().int().positive().optional(),
  height: z.number().int().positive().optional(),
  durationMs: z.number().int().nonnegative().optional(),
  isFavorite: z.boolean().optional(),
  visibility: z.enum(['timeline', 'archive', 'hidden', 'locked']).optional(),
  livePhotoVideoId: AssetId.optional(),
})
export type AssetClaims = z.infer<typeof AssetClaims>

/** `POST /api/uploads`. */
export const UploadCreateDto = z.object({
  fileName: z.string().min(1).max(1024),
  sizeBytes: z.number().int().positive().max(MAX_UPLOAD_BYTES),
  checksum: Sha1Base64,
  /** CRC32C of each part of `partsOf(sizeBytes)`, when the file is larger than one PUT. */
  partChecksums: z.array(Crc32cBase64).max(10_000).optional(),
  claims: AssetClaims,
})
export type UploadCreateDto = z.infer<typeof UploadCreateDto>

/** One request that the client makes as it stands: method PUT, these headers, these bytes of the file. */
export const SignedPut = z.object({
  partNumber: z.number().int().positive(),
  start: z.number().int().nonnegative(),
  end: z.number().int().positive(),
  url: z.url(),
  headers: z.record(z.string(), z.string()),
})
export type SignedPut = z.infer<typeof SignedPut>

/**
 * - pending: bytes are awaited
 * - verifying: all bytes are there, a worker hashes them
 * - complete: the asset exists
 * - duplicate: the bytes are an asset that this user already has (`assetId` is that one)
 * - failed: `reason` says why; the bytes were removed
 */
export const UploadState = z.enum(['pending', 'verifying', 'complete', 'duplicate', 'failed'])
export type UploadState = z.infer<typeof UploadState>

export const UploadDto = z.object({
  id: UploadId,
  state: UploadState,
  assetId: AssetId,
  fileName: z.string(),
  sizeBytes: z.number(),
  checksum: Sha1Base64,
  arrivedBytes: z.number(),
  /** The part numbers that lie in the store. */
  arrivedParts: z.array(z.number()),
  /** Signed requests for what is missing, at most `UPLOAD_PUTS_PER_ANSWER`; empty unless pending. */
  puts: z.array(SignedPut),
  putsExpireAt: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  reason: z.string().nullable(),
})
export type UploadDto = z.infer<typeof UploadDto>

/** `POST /api/uploads` answers 201 with a new or resumed upload, 200 with the asset that has these bytes. */
export const UploadCreateResponseDto = z.discriminatedUnion('status', [
  z.object({ status: z.literal('duplicate'), assetId: AssetId, isTrashed: z.boolean() }),
  z.object({ status: z.literal('upload'), upload: UploadDto }),
])
export type UploadCreateResponseDto = z.infer<typeof UploadCreateResponseDto>

/** `GET /api/uploads`: the viewer's unfinished uploads, oldest first, without signed requests. */
export const UploadListDto = z.object({ uploads: z.array(UploadDto) })

/** `GET /api/uploads/:id?from=N` continues the signed requests at part N. */
export const UPLOAD_PUTS_PER_ANSWER = 200

/** `POST /api/assets/urls` (ours): signed URLs for the tiles in view. */
export const AssetUrlsDto = z.object({
  ids: z.array(AssetId).min(1).max(500),
  size: z.enum(['thumbnail', 'preview']).default('thumbnail'),
})
export const AssetUrlsResponseDto = z.object({
  /** By asset id. What has no such derivative yet, is locked or is not the viewer's is absent. */
  urls: z.record(z.string(), z.url()),
  expiresAt: z.iso.datetime(),
})
export type AssetUrlsResponseDto = z.infer<typeof AssetUrlsResponseDto>
