import { tellUser } from '#contracts/events.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import type { makePersonThumbnail } from '#contracts/jobs/make-person-thumbnail.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import {
  type Cover,
  deleteEmptyPeopleForWork,
  findCoverForWork,
  findPersonForWork,
  writePersonThumbnail,
} from '#db/queries/people-work.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { type Box, cropSquare, squareAround } from '#workers/tools/crop-square.ts'
import { DecodeError } from '#workers/tools/decode-error.ts'
import type { EncodedImage } from '#workers/tools/sharp.ts'
import type { MediaDeps } from '../deps.ts'

/** Immich's. */
const EDGE_PX = 250
/** The shorter side of a preview that was made smaller. */
const PREVIEW_EDGE_PX = 1440
/** Larger originals would be decoded whole for a thumbnail. */
const ORIGINAL_MAX_BYTES = 64 * 1024 * 1024
const CROPPED_FROM_ORIGINAL = new Set(['image/jpeg', 'image/png', 'image/webp'])

/** The cover's face cut from its picture. A cover that may not be shown any more gives way to the best other face. */
export async function handleMakePersonThumbnail(
  { personId }: PayloadOf<typeof makePersonThumbnail>,
  deps: MediaDeps,
  { log, signal, requestId }: JobContext,
) {
  const { db, storage } = deps
  const person = await findPersonForWork(db, personId)
  if (!person) return log.info({ personId }, 'person is gone, nothing to do')
  if (!person.hasFaces && !person.isClaimed)
    return await deleteEmptyPeopleForWork(db, { ids: [personId], requestId })

  const face = await findCoverForWork(db, personId)
  if (!face) return await writePersonThumbnail(db, { personId, cover: undefined, requestId })
  const { ownerId } = person
  const { faceId, derivativesVersion } = face
  const key = objectKeys.person({ ownerId, personId, faceId, derivativesVersion })
  if (key === person.thumbnailKey) return log.info({ personId }, 'the thumbnail is there already')

  const { bytes, contentType } = await cutFace(face, deps, signal)
  await storage.put(key, bytes, { contentType })
  if (await writePersonThumbnail(db, { personId, cover: { faceId, key }, requestId }))
    return deps.pusher.push([tellUser(ownerId, 'on_person_thumbnail', personId)])
  log.info({ personId }, 'the face went to somebody else meanwhile')
  await insertJobs(db, [deleteObjects.message({ keys: [key] })], { requestId })
}

/** From the preview; a face that is small there, from the original if that shows more. */
async function cutFace(
  face: Cover,
  { storage, originals }: MediaDeps,
  signal: AbortSignal,
): Promise<EncodedImage> {
  const box = shareOf(face)
  if (isSmall(face, box)) {
    const { key, sizeBytes } = face.original
    await using original = await originals.open({ key, sizeBytes, signal, isKept: false })
    const cut = original && (await cutIfReadable(original.path, box))
    if (cut) return cut
  }
  const preview = await storage.stream(face.previewKey)
  if (!preview) throw new Error(`the preview ${face.previewKey} is not there`)
  return await cropSquare(Buffer.concat(await preview.toArray({ signal })), {
    box,
    edgePx: EDGE_PX,
  })
}

function shareOf({ box, imageWidth, imageHeight }: Cover): Box {
  return {
    left: box.left / imageWidth,
    top: box.top / imageHeight,
    right: box.right / imageWidth,
    bottom: box.bottom / imageHeight,
  }
}

function isSmall({ original, imageWidth, imageHeight }: Cover, box: Box): boolean {
  const { width, height, mimeType, sizeBytes } = original
  if (!CROPPED_FROM_ORIGINAL.has(mimeType) || sizeBytes > ORIGINAL_MAX_BYTES) return false
  const shorter = Math.min(width ?? 0, height ?? 0)
  if (shorter <= PREVIEW_EDGE_PX) return false
  const scale = PREVIEW_EDGE_PX / Math.min(imageWidth, imageHeight)
  const onPreview = { width: imageWidth * scale, height: imageHeight * scale }
  return squareAround(box, onPreview).width < EDGE_PX
}

/** A file that only other decoders read has its preview all the same. */
async function cutIfReadable(path: string, box: Box): Promise<EncodedImage | undefined> {
  try {
    return await cropSquare(path, { box, edgePx: EDGE_PX })
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
