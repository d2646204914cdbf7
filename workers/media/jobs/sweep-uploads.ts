import type { UploadId } from '#contracts/ids.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { sweepUploads } from '#contracts/jobs/sweep-uploads.ts'
import { verifyUpload } from '#contracts/jobs/verify-upload.ts'
import { partsOf } from '#contracts/upload-parts.ts'
import { hasJobForWork, insertJobs } from '#db/queries/outbox.ts'
import {
  deleteSettledUploadsForWork,
  deleteUpload,
  listStaleUploadsForWork,
  markUploadVerifying,
  type Upload,
} from '#db/queries/uploads.ts'
import { StoreError } from '#storage/storage.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { settleProvenUpload } from '../asset-of-upload.ts'
import type { MediaDeps } from '../deps.ts'
import { removeProbes } from '../remove-probes.ts'

const PAGE = 100
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A client that has sent its last byte says so at once; whoever is silent for so long has died. */
const SILENT_MS = 10 * MINUTE_MS
/** The edge gives a sign of life each minute while a form upload runs; so does the copying of a dropped object. */
const OWN_DEAD_MS = HOUR_MS
/** So long may somebody take to come back with the rest of a file. */
const PRESIGNED_DEAD_MS = 7 * DAY_MS
const SETTLED_KEPT_MS = 7 * DAY_MS

/**
 * Completes uploads that arrived whole although nobody said so, forgets those that never will, and rings again for
 * those whose verification was lost. What the edge left behind when it tried the store goes too.
 */
export async function handleSweepUploads(
  _: PayloadOf<typeof sweepUploads>,
  deps: MediaDeps,
  context: JobContext,
) {
  const now = deps.clock().getTime()
  const untouchedSince = new Date(now - SILENT_MS)
  let afterId: UploadId | undefined
  for (;;) {
    context.signal.throwIfAborted()
    const page = await listStaleUploadsForWork(deps.db, {
      untouchedSince,
      limit: PAGE,
      ...(afterId && { afterId }),
    })
    for (const upload of page) await sweepOrSkip(upload, deps, context)
    afterId = page.at(-1)?.id
    if (page.length < PAGE) break
  }
  await removeProbes(deps.storage, { writtenBefore: new Date(now - HOUR_MS) })
  await deleteSettledUploadsForWork(deps.db, { settledBefore: new Date(now - SETTLED_KEPT_MS) })
}

/** One upload that the store answers oddly for must not keep the others waiting. */
async function sweepOrSkip(upload: Upload, deps: MediaDeps, context: JobContext) {
  try {
    await sweep(upload, deps, context)
  } catch (error) {
    if (!(error instanceof StoreError) || error.status >= 500) throw error
    context.log.warn({ err: error, uploadId: upload.id }, 'this upload cannot be swept')
  }
}

async function sweep(upload: Upload, deps: MediaDeps, context: JobContext): Promise<void> {
  const silentMs = deps.clock().getTime() - upload.updatedAt.getTime()
  const deadMs = upload.kind === 'presigned' ? PRESIGNED_DEAD_MS : OWN_DEAD_MS
  if (upload.state === 'verifying') return await ringAgain(upload, deps, context)
  if (upload.kind === 'presigned' && (await completeIfWhole(upload, deps, context))) return
  if (silentMs >= deadMs) await abandon(upload, deps, context)
}

/** A verification that still waits, or that failed and waits for a person, is left alone. */
async function ringAgain(upload: Upload, { db }: MediaDeps, { log }: JobContext) {
  const message = verifyUpload.message({ uploadId: upload.id })
  if (await hasJobForWork(db, message)) return
  log.warn({ uploadId: upload.id }, 'the verification of an upload was lost')
  await insertJobs(db, [message])
}

async function completeIfWhole(upload: Upload, deps: MediaDeps, { log, requestId }: JobContext) {
  const { db, storage } = deps
  if (!upload.sizeBytes) return false
  if (upload.multipartId && !(await completeParts(upload, upload.multipartId, deps))) return false
  const head = await storage.head(upload.objectKey)
  if (head?.sizeBytes !== upload.sizeBytes) return false
  log.info({ uploadId: upload.id }, 'an upload arrived whole and was never completed')
  const { sizeBytes, checksum } = upload
  if (checksum && head.sha1 && Buffer.from(checksum).equals(Buffer.from(head.sha1)))
    await settleProvenUpload(db, { upload, sizeBytes, checksum, requestId }, log)
  else await markUploadVerifying(db, { upload, requestId })
  return true
}

/** False while parts are missing. True also when there are no parts any more: then the object says what is. */
async function completeParts(upload: Upload, multipartId: string, { storage }: MediaDeps) {
  const multipart = { key: upload.objectKey, multipartId }
  const arrived = await storage.listParts(multipart)
  if (!arrived) return true
  const sizes = new Map(arrived.map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes]))
  const wanted = partsOf(upload.sizeBytes ?? 0)
  if (!wanted.every(({ partNumber, start, end }) => sizes.get(partNumber) === end - start))
    return false
  const numbers = new Set(wanted.map(({ partNumber }) => partNumber))
  await storage.completeMultipart(
    multipart,
    arrived.filter(({ partNumber }) => numbers.has(partNumber)),
  )
  return true
}

async function abandon(upload: Upload, { db, storage }: MediaDeps, context: JobContext) {
  const { log, requestId } = context
  log.info({ uploadId: upload.id, kind: upload.kind }, 'an upload is given up')
  const { objectKey: key, multipartId } = upload
  if (multipartId) await storage.abortMultipart({ key, multipartId })
  // What started just before its process died may not be on the row.
  for (const multipart of await storage.listMultiparts(key)) await storage.abortMultipart(multipart)
  await deleteUpload(db, { upload, requestId })
}
