import { join } from 'node:path'
import { PermanentError } from '#contracts/errors.ts'
import { tellAssets, tellUser } from '#contracts/events.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import {
  type AssetForWork,
  type ExtractedExif,
  findAssetForWork,
  writeExtractedMetadata,
} from '#db/queries/asset-work.ts'
import { linkLivePhotoForWork } from '#db/queries/live-photos.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { formatOfFile, type MediaFormat } from '#workers/tools/media-format.ts'
import type { MediaMetadata } from '#workers/tools/media-metadata.ts'
import type { MediaDeps } from '../deps.ts'
import { MISSING_ORIGINAL, notMedia } from '../explain-failure.ts'
import { readMedia } from '../read-media.ts'

/** Reads what the original and its sidecar say, and hands the asset on to `make-thumbnails`. */
export async function handleExtractMetadata(
  { assetId }: PayloadOf<typeof extractMetadata>,
  deps: MediaDeps,
  { log, signal, requestId }: JobContext,
) {
  const { db, exiftool, originals, pusher, clock } = deps
  const asset = await findAssetForWork(db, assetId)
  if (!asset) return log.info({ assetId }, 'asset is gone, nothing to do')

  const { originalKey: key, sizeBytes } = asset
  await using original = await originals.open({ key, sizeBytes, signal, isKept: true })
  if (!original) throw new PermanentError(MISSING_ORIGINAL)
  const format = await formatOfFile(original.path)
  if (format.kind === 'other') throw notMedia(format)

  await using sidecar = await fetchSidecar(asset, deps, signal)
  const sources = { path: original.path, sidecarPath: sidecar?.path, format }
  const facts = await readMedia(sources, { exiftool, log, signal })
  const takenAt = takenAtOf(asset, facts.metadata)
  await writeExtractedMetadata(db, {
    assetId,
    asset: {
      type: format.kind === 'video' ? 'VIDEO' : 'IMAGE',
      originalMimeType: mimeTypeOf(asset, format),
      durationMs: facts.durationMs,
      takenAt,
      size: facts.size,
    },
    exif: exifOf(asset, { ...facts.metadata, dateTimeOriginal: takenAt.instant }),
    extractedAt: clock(),
    jobs: [makeThumbnails.message({ assetId })],
    requestId,
  })
  pusher.push([
    tellAssets(asset.ownerId, asset.thumbnailedAt ? 'updated' : 'processing', [assetId]),
  ])
  if (!facts.metadata.contentIdentifier) return
  const motionId = await linkLivePhotoForWork(db, { assetId })
  if (motionId) pusher.push([tellUser(asset.ownerId, 'on_asset_hidden', motionId)])
}

async function fetchSidecar(asset: AssetForWork, deps: MediaDeps, signal: AbortSignal) {
  if (!asset.sidecarKey) return undefined
  const folder = await deps.temp.newFolder()
  const path = join(folder.path, 'sidecar.xmp')
  const isThere = await deps.storage.download(asset.sidecarKey, path, signal)
  return { path: isThere ? path : undefined, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

/** A file without any date falls back to the earlier of its own two; the wall clock moves along. */
function takenAtOf(asset: AssetForWork, { takenAt }: MediaMetadata) {
  if (takenAt) return takenAt
  const { fileCreatedAt, fileModifiedAt, localDateTime } = asset
  const instant = new Date(Math.min(fileModifiedAt.getTime(), fileCreatedAt.getTime()))
  const shiftMs = instant.getTime() - fileCreatedAt.getTime()
  return { instant, wallClock: new Date(localDateTime.getTime() + shiftMs) }
}

/** The name's word stands where it is more exact than the bytes': RAW shells, kinds of MP4. */
function mimeTypeOf({ originalMimeType }: AssetForWork, format: MediaFormat): string {
  if (format.kind === 'other') return originalMimeType
  const isRefined =
    (format.kind === 'video' && originalMimeType.startsWith('video/')) ||
    (format.kind === 'tiff' && /^image\/(x-|tiff)/.test(originalMimeType))
  return isRefined ? originalMimeType : format.mimeType
}

/** Where the file says nothing about zone and place, what the client knew at the upload stays. */
function exifOf(
  asset: AssetForWork,
  metadata: MediaMetadata & { dateTimeOriginal: Date },
): ExtractedExif {
  const { exif } = asset
  const hasPlace = metadata.latitude !== null
  return {
    fileSizeBytes: asset.sizeBytes,
    exifImageWidth: metadata.width,
    exifImageHeight: metadata.height,
    orientation: metadata.orientation,
    dateTimeOriginal: metadata.dateTimeOriginal,
    modifyDate: metadata.modifiedAt ?? asset.fileModifiedAt,
    timeZone: metadata.takenAt ? metadata.takenAt.timeZone : (exif?.timeZone ?? null),
    latitude: hasPlace ? metadata.latitude : (exif?.latitude ?? null),
    longitude: hasPlace ? metadata.longitude : (exif?.longitude ?? null),
    make: metadata.make,
    model: metadata.model,
    lensModel: metadata.lensModel,
    fNumber: metadata.fNumber,
    focalLength: metadata.focalLength,
    iso: metadata.iso,
    exposureTime: metadata.exposureTime,
    fps: metadata.fps,
    description: metadata.description,
    rating: metadata.rating,
    projectionType: metadata.projectionType,
    profileDescription: metadata.profileDescription,
    colorspace: metadata.colorspace,
    bitsPerSample: metadata.bitsPerSample,
    livePhotoContentId: metadata.contentIdentifier,
    autoStackId: metadata.burstId,
    tags: metadata.tags,
  }
}
