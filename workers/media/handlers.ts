import type { mediaJobs } from '#contracts/jobs/all.ts'
import type { Handlers } from '#workers/runtime/types.ts'
import type { MediaDeps } from './deps.ts'
import { handleDeleteAsset } from './jobs/delete-asset.ts'
import { handleDeleteObjects } from './jobs/delete-objects.ts'
import { handleDeleteUser } from './jobs/delete-user.ts'
import { handleEmptyExpiredTrash } from './jobs/empty-expired-trash.ts'
import { handleExtractMetadata } from './jobs/extract-metadata.ts'
import { handleImportInboxObject } from './jobs/import-inbox-object.ts'
import { handleMakePersonThumbnail } from './jobs/make-person-thumbnail.ts'
import { handleMakeThumbnails } from './jobs/make-thumbnails.ts'
import { handleReconcileInbox } from './jobs/reconcile-inbox.ts'
import { handleSweepUploads } from './jobs/sweep-uploads.ts'
import { handleVerifyUpload } from './jobs/verify-upload.ts'

export const handlers: Handlers<typeof mediaJobs, MediaDeps> = {
  'extract-metadata': handleExtractMetadata,
  'make-thumbnails': handleMakeThumbnails,
  'make-person-thumbnail': handleMakePersonThumbnail,
  'verify-upload': handleVerifyUpload,
  'delete-asset': handleDeleteAsset,
  'delete-objects': handleDeleteObjects,
  'delete-user': handleDeleteUser,
  'sweep-uploads': handleSweepUploads,
  'empty-expired-trash': handleEmptyExpiredTrash,
  'import-inbox-object': handleImportInboxObject,
  'reconcile-inbox': handleReconcileInbox,
}
