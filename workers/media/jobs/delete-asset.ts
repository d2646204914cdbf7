import { tellUser } from '#contracts/events.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { deleteAsset } from '#contracts/jobs/delete-asset.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { deleteAssetForWork, findDeletedAssetForWork } from '#db/queries/asset-work.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { MediaDeps } from '../deps.ts'

/** Objects first: a crash in between leaves a row by which the rest is found. */
export async function handleDeleteAsset(
  { assetId }: PayloadOf<typeof deleteAsset>,
  { db, storage, pusher }: MediaDeps,
  { log, requestId }: JobContext,
) {
  const asset = await findDeletedAssetForWork(db, assetId)
  if (!asset) return log.info({ assetId }, 'asset is gone or came back, nothing to do')

  // Also what was put into the store by a job that died before it named it.
  const current = { id: assetId, ...asset }
  const derivatives = [objectKeys.preview(current), objectKeys.thumbnail(current)]
  await storage.delete([...new Set([...asset.objectKeys, ...derivatives])])
  await deleteAssetForWork(db, { assetId, requestId })
  pusher.push([tellUser(asset.ownerId, 'on_asset_delete', assetId)])
}
