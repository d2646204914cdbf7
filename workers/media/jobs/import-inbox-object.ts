import type { AssetClaims } from '#contracts/api/uploads.ts'
import type { AssetId, UploadId } from '#contracts/ids.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { importInboxObject } from '#contracts/jobs/import-inbox-object.ts'
import { type MediaType, mediaTypeOfName } from '#contracts/media-types.ts'
import { newId } from '#contracts/new-id.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { violates } from '#db/database-error.ts'
import { findAssetByChecksum } from '#db/queries/assets.ts'
import { PASSING } from '#db/queries/inbox-reconcile.ts'
import { claimInboxObject, deleteInboxRow, markInboxRefused } from '#db/queries/inbox-work.ts'
import {
  deleteUpload,
  insertAssetOfUpload,
  insertInboxUpload,
  markUploadAlive,
  updateMultipartIdForWork,
} from '#db/queries/uploads.ts'
import { isChanged, type ObjectHead, StoreError } from '#storage/storage.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { formatOfHead, HEAD_BYTES } from '#workers/tools/media-format.ts'
import { copyObject } from '../copy-object.ts'
import type { MediaDeps } from '../deps.ts'
import { notMedia } from '../explain-failure.ts'
import { type HashedObject, hashObject } from '../hash-object.ts'
import { faultOfName, fileNameOfKey, isFolderMarker, isSidecar } from '../inbox-names.ts'
import { removeImported } from '../remove-imported.ts'
import { restoreOriginal } from '../restore-original.ts'
import {
  INBOX_LIMITS,
  type InboxLimits,
  type InboxVersion,
  type InboxWork,
  settleInboxObject,
} from '../settle-inbox-object.ts'
import { takeSidecar } from '../take-sidecar.ts'

type Payload = PayloadOf<typeof importInboxObject>
type FileType = Pick<MediaType, 'assetType' | 'extension' | 'contentType'>

const EMPTY = 'The file is empty.'
/** Tools that overwrite do so a few times, not for ever. */
const MAX_REPLACEMENTS = 3

/**
 * Makes an asset of an object in an inbox: a copy at its place, then the row with its first job, then, when the job
 * comes again after a while, the object goes.
 * Each step may be the last one, and the whole may be done again or twice at once: the bytes' checksum says whether
 * the asset is there, every try copies to a place of its own, and whatever it leaves there is swept.
 */
export async function handleImportInboxObject(
  place: Payload,
  deps: MediaDeps,
  context: JobContext,
  limits: InboxLimits = INBOX_LIMITS,
) {
  if (isFolderMarker(place.objectKey)) return
  for (let replaced = 0; ; replaced += 1) {
    try {
      return await look({ place, deps, context, limits })
    } catch (error) {
      if (!isReplaced(error) || replaced === MAX_REPLACEMENTS) throw error
      context.log.info({ objectKey: place.objectKey }, 'was replaced meanwhile, begins again')
    }
  }
}

const isReplaced = (error: unknown) =>
  isChanged(error) || (error instanceof StoreError && error.status === 404)

type ReadAll = (partBytes: number | undefined) => Promise<HashedObject>

/** Most objects are read in any case: then one request tells what they are and brings their bytes. */
async function look(work: InboxWork) {
  const { place, deps } = work
  if (await removeImported(work)) return
  const isPicture = !isSidecar(place.objectKey) && mediaTypeOfName(fileNameOfKey(place.objectKey))
  if (isPicture && !faultOfName(place.objectKey)) return await lookInto(work)
  const head = await deps.storage.head(place.objectKey)
  if (!head) return await deleteInboxRow(deps.db, place)
  await importVersion(work, versionOf(head), (partBytes) => readVersion(work, head, partBytes))
}

async function lookInto(work: InboxWork) {
  const { place, deps, context } = work
  const source = await deps.storage.open(place.objectKey, { signal: context.signal })
  if (!source) return await deleteInboxRow(deps.db, place)
  const { head, body } = source
  try {
    await importVersion(work, versionOf(head), (partBytes) => hashObject(body, { partBytes }))
  } finally {
    body.destroy()
  }
}

async function readVersion(
  { place, deps, context }: InboxWork,
  head: ObjectHead,
  partBytes?: number,
) {
  const source = await deps.storage.open(place.objectKey, { signal: context.signal })
  try {
    if (source?.head.etag === head.etag) return await hashObject(source.body, { partBytes })
    const message = `${place.objectKey} was replaced while it was imported`
    throw new StoreError(message, { status: 412, code: 'PreconditionFailed' })
  } finally {
    source?.body.destroy()
  }
}

const versionOf = (head: ObjectHead): InboxVersion => ({
  head,
  etag: head.etag.replaceAll('"', ''),
})

async function importVersion(work: InboxWork, version: InboxVersion, readAll: ReadAll) {
  const { place, deps, context, limits } = work
  const { db } = deps
  const { head, etag } = version
  const { sizeBytes, modifiedAt: lastModified } = head
  const assetId = newId<AssetId>()
  const object = { ...place, etag, sizeBytes, lastModified }
  const claimed = await claimInboxObject(db, { object, assetId })
  if (!claimed) return context.log.warn(place, 'an object lies in the inbox of nobody')

  const refuse = (reason: string, assetId?: AssetId) =>
    markInboxRefused(db, { ...place, etag, reason, ...(assetId && { assetId }) })
  if (!claimed.isActive) return await refuse(PASSING.account)
  const fault = faultOfName(place.objectKey) ?? (sizeBytes === 0 ? EMPTY : undefined)
  if (fault) return await refuse(fault)
  if (isSidecar(place.objectKey)) return await takeSidecar(work, version)
  const type = await typeOf(work)
  if (typeof type === 'string') return await refuse(type)

  const source = await readAll(sizeBytes > limits.singleMaxBytes ? limits.partBytes : undefined)
  if (source.sizeBytes !== sizeBytes)
    throw new Error(`${place.objectKey} ended after ${source.sizeBytes} of ${sizeBytes} bytes`)
  const known = await findAssetByChecksum(db, {
    viewerId: place.ownerId,
    checksum: source.checksum,
  })
  if (known?.isTrashed) return await refuse(PASSING.trash, known.id)
  if (known) {
    await restoreOriginal(work, { version, source, assetId: known.id })
    return await settleInboxObject(work, version, known.id)
  }
  if (claimed.roomBytes !== null && sizeBytes > claimed.roomBytes)
    return await refuse(PASSING.quota)
  try {
    const madeId = await makeAsset(work, { assetId, version, source, type })
    await settleInboxObject(work, version, madeId)
  } catch (error) {
    if (!violates(error, 'quota_exceeded')) throw error
    await refuse(PASSING.quota)
  }
}

/** What the name promises, else what the bytes are; else the reason why it is nothing for a library. */
async function typeOf({ place, deps, context }: InboxWork): Promise<FileType | string> {
  const ofName = mediaTypeOfName(fileNameOfKey(place.objectKey))
  if (ofName) return ofName
  const range = { start: 0, end: HEAD_BYTES - 1 }
  const stream = await deps.storage.stream(place.objectKey, { range, signal: context.signal })
  const format = await formatOfHead(Buffer.concat((await stream?.toArray()) ?? []))
  if (format.kind === 'other') return notMedia(format).message
  const assetType = format.kind === 'video' ? 'VIDEO' : 'IMAGE'
  return { assetType, extension: '', contentType: format.mimeType }
}

type Making = { assetId: AssetId; version: InboxVersion; source: HashedObject; type: FileType }

/** The id of the new asset, or of the one that another import of the same bytes made meanwhile. */
async function makeAsset(work: InboxWork, { assetId, version, source, type }: Making) {
  const { place, deps, context, limits } = work
  const { db, storage } = deps
  const { ownerId, objectKey } = place
  const { requestId, signal } = context
  const { sizeBytes, checksum } = source
  const originalFileName = fileNameOfKey(objectKey)
  const originalKey = objectKeys.upload({ ownerId, assetId, extension: type.extension })
  const claims = claimsOf(version.head)
  const upload = await insertInboxUpload(db, {
    id: newId<UploadId>(),
    ...{ ownerId, assetId, kind: 'inbox', originalFileName, sizeBytes, checksum, claims },
    objectKey: originalKey,
    contentType: type.contentType,
  })
  try {
    await copyObject({
      ...{ storage, source, signal, limits, contentType: type.contentType },
      from: objectKey,
      to: originalKey,
      etag: version.head.etag,
      onMultipart: (multipartId) =>
        updateMultipartIdForWork(db, { uploadId: upload.id, multipartId }),
      onPart: () => markUploadAlive(db, { viewerId: upload.ownerId, uploadId: upload.id }),
    })
    const asset = {
      ...{ id: assetId, type: type.assetType, originalKey, originalFileName },
      ...{ originalMimeType: type.contentType, sizeBytes, checksum, sidecarKey: null },
    }
    const inserted = await insertAssetOfUpload(db, { upload, asset, claims, requestId })
    if (!inserted) throw new Error('the copy was swept before it was an asset')
    if (inserted.status === 'duplicate') await deleteUpload(db, { upload, requestId })
    return inserted.assetId
  } catch (error) {
    // If this fails too, or the asset is there after all, the sweep decides.
    await deleteUpload(db, { upload, requestId }).catch(() => {})
    throw error
  }
}

/** Five thousand years around today: what lies outside is no date. */
const MAX_SECONDS = 1e11

/** rclone notes the file's own time beside an object, in seconds; else the store's is all there is. */
function claimsOf({ metadata, modifiedAt }: ObjectHead): AssetClaims {
  const seconds = Number(metadata.mtime?.trim() || Number.NaN)
  const isDate = Math.abs(seconds) < MAX_SECONDS
  const at = (isDate ? new Date(seconds * 1000) : modifiedAt).toISOString()
  return { fileCreatedAt: at, fileModifiedAt: at }
}
