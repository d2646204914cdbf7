import type { UploadCreateDto } from '#contracts/api/uploads.ts'
import { bytesOfBase64 } from '#contracts/checksum.ts'
import { AppError } from '#contracts/errors.ts'
import type { AssetId, UploadId } from '#contracts/ids.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { partsOf, SINGLE_PUT_MAX_BYTES } from '#contracts/upload-parts.ts'
import { type ExistingAsset, findAssetByChecksum } from '#db/queries/assets.ts'
import { insertPresignedUpload, type Upload } from '#db/queries/uploads.ts'
import { refuseForeignMotion } from '../assets/live-photo.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import type { Arrival } from './describe-upload.ts'
import { cleanFileName, mediaTypeFor } from './file-name.ts'
import { beginUpload, resumeUpload } from './open-multipart.ts'
import { refuseBeyondQuota } from './quota.ts'

export type CreatedUpload =
  | { status: 'duplicate'; asset: ExistingAsset }
  | { status: 'upload'; upload: Upload; arrival: Arrival }

function refuseOddParts({ sizeBytes, partChecksums }: UploadCreateDto): void {
  const expected = sizeBytes <= SINGLE_PUT_MAX_BYTES ? 0 : partsOf(sizeBytes).length
  if (partChecksums && partChecksums.length !== expected) {
    throw new AppError('bad_request', `partChecksums must have ${expected} entries`)
  }
}

/**
 * Announces a file: the asset that has its bytes already, or an upload. The row comes before anything in the
 * store, so that the sweep finds whatever this request leaves behind.
 */
export async function createUpload(
  deps: Deps,
  viewer: Viewer,
  dto: UploadCreateDto,
): Promise<CreatedUpload> {
  const originalFileName = cleanFileName(dto.fileName)
  const { extension, contentType } = mediaTypeFor(originalFileName)
  refuseOddParts(dto)
  const checksum = bytesOfBase64(dto.checksum)
  const asset = await findAssetByChecksum(deps.db, { viewerId: viewer.id, checksum })
  if (asset) return { status: 'duplicate', asset }
  refuseBeyondQuota(viewer, dto.sizeBytes)
  await refuseForeignMotion(deps.db, viewer, dto.claims.livePhotoVideoId)

  const id = deps.newId<UploadId>()
  const assetId = deps.newId<AssetId>()
  const row = await insertPresignedUpload(deps.db, {
    id,
    ownerId: viewer.id,
    assetId,
    kind: 'presigned',
    originalFileName,
    sizeBytes: dto.sizeBytes,
    checksum,
    objectKey: objectKeys.upload({ ownerId: viewer.id, assetId, extension }),
    contentType,
    partChecksums: dto.partChecksums ?? null,
    claims: dto.claims,
  })
  if (row.sizeBytes !== dto.sizeBytes) {
    throw new AppError('conflict', 'An upload with this checksum and another size is open')
  }
  const isNew = row.id === id
  const open = isNew ? await beginUpload(deps, row) : await resumeUpload(deps, row)
  return { status: 'upload', ...open }
}
