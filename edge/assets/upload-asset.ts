import type { AssetMediaCreateFields, AssetMediaResponseDto } from '#contracts/api/assets.ts'
import type { AssetClaims } from '#contracts/api/uploads.ts'
import { Sha1 } from '#contracts/checksum.ts'
import { AppError } from '#contracts/errors.ts'
import { databaseErrorOf } from '#db/database-error.ts'
import { findAssetByChecksum } from '#db/queries/assets.ts'
import { type InsertedAsset, insertAssetOfUpload } from '#db/queries/uploads.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { SIDECAR_TYPE } from '../uploads/attach-sidecar.ts'
import { refuseForeignMotion } from './live-photo.ts'
import { emptyForm, parseFields, type ReceivedForm, receiveForm } from './receive-form.ts'
import type { ReceivedFile } from './received-file.ts'

const isEqual = (a: Uint8Array, b: Uint8Array) => a.every((byte, index) => byte === b[index])

/** Nobody knows whether the asset was made: its bytes must stay until the sweep has looked. */
class UncertainError extends Error {
  override readonly name = 'UncertainError'
}

function claimsOf(fields: AssetMediaCreateFields): AssetClaims {
  const { fileCreatedAt, fileModifiedAt, duration, isFavorite, visibility, livePhotoVideoId } =
    fields
  return {
    fileCreatedAt: fileCreatedAt.toISOString(),
    fileModifiedAt: fileModifiedAt.toISOString(),
    // Old clients send 0 for stills.
    ...(duration && { durationMs: duration }),
    isFavorite,
    visibility,
    livePhotoVideoId,
  }
}

function announcedChecksum(header: string | undefined): Uint8Array | undefined {
  if (!header) return undefined
  const parsed = Sha1.safeParse(header)
  if (!parsed.success) throw new AppError('bad_request', 'x-immich-checksum is no SHA-1')
  return parsed.data
}

type Sent = { request: Request; checksumHeader: string | undefined }

/** `POST /api/assets`: a form of Immich's clients, in constant memory whatever the size. */
export async function uploadAsset(
  deps: Deps,
  viewer: Viewer,
  { request, checksumHeader }: Sent,
): Promise<AssetMediaResponseDto> {
  const announced = announcedChecksum(checksumHeader)
  const known = announced && (await findDuplicate(deps, viewer, announced))
  if (known) return known
  const form = emptyForm()
  try {
    await receiveForm(request, { deps, viewer, form })
    const { assetId: id, status } = await keep(deps, viewer, { form, announced })
    if (status === 'duplicate') await form.file?.discard()
    return { id, status }
  } catch (error) {
    if (!(error instanceof UncertainError)) await form.file?.discard()
    throw error instanceof UncertainError ? error.cause : error
  }
}

async function findDuplicate({ db }: Deps, viewer: Viewer, checksum: Uint8Array) {
  const asset = await findAssetByChecksum(db, { viewerId: viewer.id, checksum })
  return asset && ({ id: asset.id, status: 'duplicate' } as const)
}

type Whole = { form: ReceivedForm; announced: Uint8Array | undefined }

/** Everything has been read: proves it, stores what is not stored yet, and makes the asset. */
async function keep(
  deps: Deps,
  viewer: Viewer,
  { form, announced }: Whole,
): Promise<InsertedAsset> {
  const { file, sidecar } = form
  if (!file) throw new AppError('bad_request', 'assetData is missing')
  const claims = claimsOf(parseFields(form))
  if (file.sizeBytes === 0) throw new AppError('bad_request', 'The file is empty')
  if (announced && !isEqual(announced, file.checksum)) {
    throw new AppError('checksum_mismatch', 'The file is not the one that x-immich-checksum names')
  }
  await refuseForeignMotion(deps.db, viewer, claims.livePhotoVideoId)
  const duplicate = await findDuplicate(deps, viewer, file.checksum)
  if (duplicate) return { status: 'duplicate', assetId: duplicate.id }
  if (sidecar) await deps.storage.put(file.sidecarKey, sidecar, { contentType: SIDECAR_TYPE })
  await file.store()
  return await insert(deps, viewer, { file, claims, hasSidecar: sidecar !== undefined })
}

type Stored = { file: ReceivedFile; claims: AssetClaims; hasSidecar: boolean }

async function insert(
  deps: Deps,
  viewer: Viewer,
  { file, claims, hasSidecar }: Stored,
): Promise<InsertedAsset> {
  const { db, requestId } = deps
  const upload = { id: file.uploadId, ownerId: viewer.id, kind: 'form' as const }
  const asset = {
    id: file.assetId,
    type: file.mediaType.assetType,
    originalKey: file.objectKey,
    originalFileName: file.fileName,
    originalMimeType: file.mediaType.contentType,
    sizeBytes: file.sizeBytes,
    checksum: file.checksum,
    sidecarKey: hasSidecar ? file.sidecarKey : null,
  }
  try {
    const inserted = await insertAssetOfUpload(db, { upload, asset, claims, requestId })
    if (!inserted) throw new Error('the upload was swept while it ran')
    return inserted
  } catch (cause) {
    if (databaseErrorOf(cause)) throw cause
    throw new UncertainError('the answer of the database got lost', { cause })
  }
}
