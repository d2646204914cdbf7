import { AppError } from '#contracts/errors.ts'
import type { UploadId } from '#contracts/ids.ts'
import { violates } from '#db/database-error.ts'
import {
  findUpload,
  insertAssetOfUpload,
  markUploadDuplicate,
  markUploadFailed,
  markUploadVerifying,
  type Upload,
} from '#db/queries/uploads.ts'
import { type Part, StoreError } from '#storage/storage.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { announced, findArrival, isSinglePut } from './describe-upload.ts'
import { mediaTypeFor } from './file-name.ts'
import { QUOTA_EXCEEDED } from './quota.ts'

const NO_ACCESS = 'Not found or no asset.upload access'

const isEqual = (a: Uint8Array, b: Uint8Array) =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])

export async function findOwnUpload(
  { db }: Deps,
  viewer: Viewer,
  uploadId: UploadId,
): Promise<Upload> {
  const upload = await findUpload(db, { viewerId: viewer.id, uploadId })
  if (!upload) throw new AppError('not_found', NO_ACCESS)
  return upload
}

/**
 * Ends an upload whose bytes are all there. A single PUT whose SHA-1 the store proves becomes an asset at once;
 * anything else is hashed by a worker first. Asked again, it answers the same.
 */
export async function completeUpload(
  deps: Deps,
  viewer: Viewer,
  uploadId: UploadId,
): Promise<Upload> {
  const upload = await findOwnUpload(deps, viewer, uploadId)
  if (upload.state !== 'pending') return upload
  await (isSinglePut(upload) ? completeSingle(deps, upload) : completeParts(deps, upload))
  return await findOwnUpload(deps, viewer, uploadId)
}

async function completeSingle(deps: Deps, upload: Upload): Promise<void> {
  const { sizeBytes, checksum } = announced(upload)
  const head = await deps.storage.head(upload.objectKey)
  if (!head) throw new AppError('conflict', 'The file has not arrived yet')
  const isSame = head.sizeBytes === sizeBytes && (!head.sha1 || isEqual(head.sha1, checksum))
  if (!isSame) return await refuseBytes(deps, upload)
  if (head.sha1) return await makeAsset(deps, upload)
  await markUploadVerifying(deps.db, { upload, requestId: deps.requestId })
}

async function completeParts(deps: Deps, upload: Upload): Promise<void> {
  const { missing, parts } = await findArrival(deps.storage, upload)
  if (missing.length > 0) {
    throw new AppError('conflict', `${missing.length} parts have not arrived yet`)
  }
  if (parts) await joinParts(deps, upload, parts)
  await markUploadVerifying(deps.db, { upload, requestId: deps.requestId })
}

async function joinParts({ storage }: Deps, upload: Upload, parts: Part[]): Promise<void> {
  const { objectKey: key, multipartId } = upload
  if (!multipartId) return
  try {
    await storage.completeMultipart({ key, multipartId }, parts)
  } catch (error) {
    // Another request, or an earlier try of this one, was first.
    const isGone = error instanceof StoreError && error.code === 'NoSuchUpload'
    if (!isGone || (await storage.head(key))?.sizeBytes !== upload.sizeBytes) throw error
  }
}

async function refuseBytes({ db, requestId }: Deps, upload: Upload): Promise<void> {
  const reason = 'The bytes that arrived are not those that were announced'
  await markUploadFailed(db, { upload, reason, requestId })
  throw new AppError('checksum_mismatch', reason)
}

async function makeAsset(deps: Deps, upload: Upload): Promise<void> {
  const { db, requestId } = deps
  const { originalFileName, objectKey: originalKey, sidecarKey, claims } = upload
  if (!claims) throw new Error(`upload ${upload.id} has no claims`)
  const { assetType, contentType } = mediaTypeFor(originalFileName)
  const asset = {
    id: upload.assetId,
    type: assetType,
    originalKey,
    originalFileName,
    originalMimeType: contentType,
    sidecarKey,
    ...announced(upload),
  }
  try {
    const inserted = await insertAssetOfUpload(db, { upload, asset, claims, requestId })
    if (inserted?.status !== 'duplicate') return
    await markUploadDuplicate(db, { upload, assetId: inserted.assetId, requestId })
  } catch (error) {
    if (!violates(error, 'quota_exceeded')) throw error
    await markUploadFailed(db, { upload, reason: QUOTA_EXCEEDED, requestId })
    throw new AppError('quota_exceeded', QUOTA_EXCEEDED, { cause: error })
  }
}
