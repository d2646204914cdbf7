import type { UploadId } from '#contracts/ids.ts'
import { deleteUpload } from '#db/queries/uploads.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { findOwnUpload } from './complete-upload.ts'

/** Gives an upload up. One that has become an asset, or failed, stays as it is. */
export async function abortUpload(deps: Deps, viewer: Viewer, uploadId: UploadId): Promise<void> {
  const upload = await findOwnUpload(deps, viewer, uploadId)
  if (upload.state !== 'pending' && upload.state !== 'verifying') return
  const { objectKey: key, multipartId } = upload
  // Parts first: were the row gone, nothing would know of them.
  if (multipartId) await deps.storage.abortMultipart({ key, multipartId })
  await deleteUpload(deps.db, { upload, requestId: deps.requestId })
}
