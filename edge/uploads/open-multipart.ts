import { findUpload, markUploadAlive, type Upload, updateMultipartId } from '#db/queries/uploads.ts'
import type { Deps } from '../deps.ts'
import { type Arrival, findArrival, isSinglePut, nothingArrived } from './describe-upload.ts'

/**
 * Makes sure that a large upload has an open multipart upload in the store, and answers the row that names it. The
 * store may have forgotten the one on the row. Of two requests that come at once one wins, the other aborts its own.
 */
async function openMultipart({ db, storage }: Deps, upload: Upload): Promise<Upload> {
  const { objectKey, contentType, multipartId: from } = upload
  const opened = await storage.createMultipart(objectKey, { contentType })
  const { multipartId: to } = opened
  const scope = { viewerId: upload.ownerId, uploadId: upload.id }
  if (await updateMultipartId(db, { ...scope, from, to })) {
    return { ...upload, multipartId: to }
  }
  await storage.abortMultipart(opened)
  return (await findUpload(db, scope)) ?? upload
}

/** The sweep forgets presigned uploads that nobody has asked about for days. */
const ALIVE_EVERY_MS = 60 * 60 * 1000

type Open = { upload: Upload; arrival: Arrival }

/** What of an earlier request's upload has arrived. The store forgets multipart uploads after a while. */
export async function resumeUpload(deps: Deps, upload: Upload): Promise<Open> {
  const silentMs = deps.clock().getTime() - upload.updatedAt.getTime()
  const scope = { viewerId: upload.ownerId, uploadId: upload.id }
  if (silentMs > ALIVE_EVERY_MS) await markUploadAlive(deps.db, scope)
  const arrival = await findArrival(deps.storage, upload)
  const needsParts = !isSinglePut(upload) && !arrival.parts && arrival.missing.length > 0
  return { upload: needsParts ? await openMultipart(deps, upload) : upload, arrival }
}

export async function beginUpload(deps: Deps, upload: Upload): Promise<Open> {
  const arrival = nothingArrived(upload)
  return { upload: isSinglePut(upload) ? upload : await openMultipart(deps, upload), arrival }
}
