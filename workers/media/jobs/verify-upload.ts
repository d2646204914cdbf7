import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { verifyUpload } from '#contracts/jobs/verify-upload.ts'
import { findUploadForWork, markUploadFailed } from '#db/queries/uploads.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { settleProvenUpload } from '../asset-of-upload.ts'
import type { MediaDeps } from '../deps.ts'
import { hashObject } from '../hash-object.ts'

const NEVER_ARRIVED = 'The bytes of this file did not arrive. Upload it again.'
const OTHER_BYTES = 'What arrived is not the file that was announced. Upload it again.'

/** Hashes the object and makes the asset if it is what the client announced; else says so on the upload. */
export async function handleVerifyUpload(
  { uploadId }: PayloadOf<typeof verifyUpload>,
  { db, storage }: MediaDeps,
  { log, signal, requestId }: JobContext,
) {
  const upload = await findUploadForWork(db, uploadId)
  if (upload?.state !== 'verifying') return log.info({ uploadId }, 'nothing to verify')

  const fail = (reason: string) => markUploadFailed(db, { upload, reason, requestId })
  const body = await storage.stream(upload.objectKey, { signal })
  if (!body) return await fail(NEVER_ARRIVED)
  const { sizeBytes, checksum } = await hashObject(body)
  const isAnnounced =
    sizeBytes === upload.sizeBytes &&
    upload.checksum !== null &&
    checksum.equals(Buffer.from(upload.checksum))
  if (!isAnnounced) return await fail(OTHER_BYTES)
  await settleProvenUpload(db, { upload, sizeBytes, checksum, requestId }, log)
}
