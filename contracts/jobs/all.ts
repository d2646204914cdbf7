import { deleteAsset } from './delete-asset.ts'
import { deleteObjects } from './delete-objects.ts'
import { deleteUser } from './delete-user.ts'
import { detectFaces } from './detect-faces.ts'
import { embedImage } from './embed-image.ts'
import { emptyExpiredTrash } from './empty-expired-trash.ts'
import { extractMetadata } from './extract-metadata.ts'
import { importInboxObject } from './import-inbox-object.ts'
import { makePersonThumbnail } from './make-person-thumbnail.ts'
import { makeThumbnails } from './make-thumbnails.ts'
import { recognizeFaces } from './recognize-faces.ts'
import { reconcileInbox } from './reconcile-inbox.ts'
import { sweepUploads } from './sweep-uploads.ts'
import { verifyUpload } from './verify-upload.ts'

/** Every job by its name, grouped by the worker that runs it. A worker's handler record is typed from its group. */
export const mediaJobs = {
  'extract-metadata': extractMetadata,
  'make-thumbnails': makeThumbnails,
  'make-person-thumbnail': makePersonThumbnail,
  'verify-upload': verifyUpload,
  'delete-asset': deleteAsset,
  'delete-objects': deleteObjects,
  'delete-user': deleteUser,
  'sweep-uploads': sweepUploads,
  'empty-expired-trash': emptyExpiredTrash,
  'import-inbox-object': importInboxObject,
  'reconcile-inbox': reconcileInbox,
}

export const gpuJobs = {
  'embed-image': embedImage,
  'detect-faces': detectFaces,
  'recognize-faces': recognizeFaces,
}

/** What the dispatcher may meet in the outbox. */
export const allJobs = { ...mediaJobs, ...gpuJobs }
