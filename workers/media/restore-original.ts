import type { AssetId } from '#contracts/ids.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { findAssetForWork } from '#db/queries/asset-work.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import { copyObject } from './copy-object.ts'
import type { HashedObject } from './hash-object.ts'
import type { InboxVersion, InboxWork } from './settle-inbox-object.ts'

type Known = { version: InboxVersion; source: HashedObject; assetId: AssetId }

/**
 * The object's bytes are an asset's. Should that asset's original be missing from the store, the object takes its
 * place: it may be the last copy, and is about to be removed.
 */
export async function restoreOriginal(work: InboxWork, { version, source, assetId }: Known) {
  const { place, deps, context, limits } = work
  const { db, storage } = deps
  const { signal, requestId } = context
  const asset = await findAssetForWork(db, assetId)
  if (!asset) throw new Error(`asset ${assetId} was deleted while its bytes came again`)
  const original = await storage.head(asset.originalKey)
  if (original?.sizeBytes === asset.sizeBytes) return
  context.log.warn({ assetId }, 'an original is missing, and comes back from an inbox')
  await copyObject({
    ...{ storage, source, signal, limits, contentType: asset.originalMimeType },
    from: place.objectKey,
    to: asset.originalKey,
    etag: version.head.etag,
    onMultipart: async () => {},
    onPart: async () => {},
  })
  await insertJobs(db, [extractMetadata.message({ assetId })], { requestId })
}
