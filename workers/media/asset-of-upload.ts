import type { AssetClaims } from '#contracts/api/uploads.ts'
import { mediaTypeOfName } from '#contracts/media-types.ts'
import type { Db } from '#db/client.ts'
import { violates } from '#db/database-error.ts'
import {
  insertAssetOfUpload,
  markUploadDuplicate,
  markUploadFailed,
  type Upload,
} from '#db/queries/uploads.ts'
import type { Log } from '#workers/runtime/log.ts'

type Proven = {
  upload: Upload
  sizeBytes: number
  checksum: Uint8Array
  requestId: string | null
}

/** Ends an upload whose bytes lie in the store and are proven: as an asset, a duplicate, or refused by the quota. */
export async function settleProvenUpload(db: Db, proven: Proven, log: Log): Promise<void> {
  const { upload, sizeBytes, checksum, requestId } = proven
  const { assetType } = mediaTypeOfName(upload.originalFileName) ?? {
    assetType: upload.contentType.startsWith('video/') ? 'VIDEO' : 'IMAGE',
  }
  const asset = {
    id: upload.assetId,
    type: assetType,
    originalKey: upload.objectKey,
    originalFileName: upload.originalFileName,
    originalMimeType: upload.contentType,
    sizeBytes,
    checksum,
    sidecarKey: upload.sidecarKey,
  }
  try {
    const claims = upload.claims ?? claimsFrom(upload.createdAt)
    const inserted = await insertAssetOfUpload(db, { upload, asset, claims, requestId })
    if (!inserted) return log.info({ uploadId: upload.id }, 'the upload was given up meanwhile')
    if (inserted.status === 'duplicate')
      await markUploadDuplicate(db, { upload, assetId: inserted.assetId, requestId })
  } catch (error) {
    if (!violates(error, 'quota_exceeded')) throw error
    const reason = 'The storage quota of this account does not hold this file.'
    await markUploadFailed(db, { upload, reason, requestId })
  }
}

function claimsFrom(createdAt: Date): AssetClaims {
  return { fileCreatedAt: createdAt.toISOString(), fileModifiedAt: createdAt.toISOString() }
}
