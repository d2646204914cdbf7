import { PermanentError } from '#contracts/errors.ts'
import { tellAssets } from '#contracts/events.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import { detectFaces } from '#contracts/jobs/detect-faces.ts'
import { embedImage } from '#contracts/jobs/embed-image.ts'
import type { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import {
  type AssetForWork,
  findAssetForWork,
  listAssetFilesForWork,
  type NewAssetFile,
  writeDerivatives,
} from '#db/queries/asset-work.ts'
import type { AssetFile } from '#db/queries/assets.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import { StoreError } from '#storage/storage.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { formatOfFile } from '#workers/tools/media-format.ts'
import type { EncodedImage, Size } from '#workers/tools/sharp.ts'
import type { MediaDeps } from '../deps.ts'
import { MISSING_ORIGINAL } from '../explain-failure.ts'
import { renderMedia } from '../render-media.ts'

type Derivatives = { files: NewAssetFile[]; thumbhash?: Uint8Array; size?: Size | undefined }

/** Preview, thumbnail and thumbhash: from the original, or moved along when only their version rose. */
export async function handleMakeThumbnails(
  { assetId }: PayloadOf<typeof makeThumbnails>,
  deps: MediaDeps,
  context: JobContext,
) {
  const { db, pusher, clock } = deps
  const { log, requestId } = context
  const asset = await findAssetForWork(db, assetId)
  if (!asset) return log.info({ assetId }, 'asset is gone, nothing to do')

  const moved = await moveFromOlderVersion(asset, deps)
  const derivatives = moved ?? (await makeDerivatives(asset, deps, context))
  const isWritten = await writeDerivatives(db, {
    assetId,
    derivativesVersion: asset.derivativesVersion,
    files: derivatives.files,
    thumbhash: derivatives.thumbhash,
    size: derivatives.size,
    thumbnailedAt: clock(),
    jobs: moved ? [] : [embedImage.message({ assetId }), detectFaces.message({ assetId })],
    requestId,
  })
  if (isWritten) {
    // Moving changes nothing that anybody sees.
    if (!moved)
      pusher.push([tellAssets(asset.ownerId, asset.thumbnailedAt ? 'updated' : 'ready', [assetId])])
    return
  }
  log.info({ assetId }, 'the asset went on meanwhile, these derivatives are not its')
  const keys = derivatives.files.map(({ objectKey }) => objectKey)
  await insertJobs(db, [deleteObjects.message({ keys })], { requestId })
}

async function makeDerivatives(
  asset: AssetForWork,
  { originals, exiftool, temp, storage }: MediaDeps,
  { signal }: JobContext,
): Promise<Derivatives> {
  const { originalKey: key, sizeBytes } = asset
  await using original = await originals.open({ key, sizeBytes, signal, isKept: false })
  if (!original) throw new PermanentError(MISSING_ORIGINAL)
  const { path } = original
  const format = await formatOfFile(path)
  const readableShare = original.readableBytes / Math.max(1, sizeBytes)
  const rendered = await renderMedia({ path, format, readableShare }, { exiftool, temp, signal })
  const { preview, thumbnail, thumbhash } = rendered.products
  const files = [
    { image: preview, file: fileOf('preview', objectKeys.preview(asset), preview) },
    { image: thumbnail, file: fileOf('thumbnail', objectKeys.thumbnail(asset), thumbnail) },
  ]
  await Promise.all(
    files.map(({ image, file }) =>
      storage.put(file.objectKey, image.bytes, { contentType: image.contentType }),
    ),
  )
  return { files: files.map(({ file }) => file), thumbhash, size: rendered.size }
}

function fileOf(
  type: NewAssetFile['type'],
  objectKey: string,
  { bytes, contentType, width, height }: EncodedImage,
): NewAssetFile {
  return { type, objectKey, contentType, sizeBytes: bytes.byteLength, width, height }
}

/**
 * Locking or trashing an asset raises its version, so that URLs signed before find nothing. The bytes are the
 * same: they are copied to the new keys, and a job removes the old ones. Undefined when there is nothing to copy.
 */
async function moveFromOlderVersion(
  asset: AssetForWork,
  { db, storage }: MediaDeps,
): Promise<Derivatives | undefined> {
  if (asset.derivativesVersion === 1 || !asset.thumbnailedAt) return undefined
  const older = await listAssetFilesForWork(db, asset.id)
  const moves = (['preview', 'thumbnail'] as const).map((type) => ({
    from: older.find((file) => file.type === type),
    to: objectKeys[type](asset),
  }))
  const isOlder = ({ from, to }: { from: AssetFile | undefined; to: string }) =>
    from !== undefined && from.objectKey !== to
  if (!moves.every(isOlder)) return undefined
  const files: NewAssetFile[] = []
  for (const { from, to } of moves) {
    if (!from || !(await copyIfThere({ from: from.objectKey, to }, storage))) return undefined
    const { type, contentType, sizeBytes, width, height } = from
    files.push({ type, objectKey: to, contentType, sizeBytes, width, height })
  }
  return { files }
}

async function copyIfThere(
  { from, to }: { from: string; to: string },
  storage: MediaDeps['storage'],
): Promise<boolean> {
  try {
    await storage.copy(from, to)
    return true
  } catch (error) {
    if (error instanceof StoreError && error.status === 404) return false
    throw error
  }
}
