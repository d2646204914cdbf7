import { importInboxObject } from '#contracts/jobs/import-inbox-object.ts'
import { findImportedForWork, type ImportedObject } from '#db/queries/inbox-work.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import type { NodeStorage } from '#storage/node.ts'
import type { ObjectHead } from '#storage/storage.ts'
import { isSidecar } from './inbox-names.ts'
import type { InboxWork } from './settle-inbox-object.ts'

/**
 * Removes an object that became an asset, once it has lain there for a while; see [Note: Kept for a moment]. False
 * when it is to be imported: it is none of these, another one by now, or the asset does not have its bytes.
 */
export async function removeImported({ place, deps, context, limits }: InboxWork) {
  const { db, storage, clock } = deps
  const { requestId } = context
  const imported = await findImportedForWork(db, { ...place, keptMs: limits.keptMs })
  if (!imported) return false
  const head = await storage.head(place.objectKey)
  if (!head) return true
  if (!isSameVersion(head, imported)) return false
  const message = importInboxObject.message(place)
  if (!imported.isDue) {
    const runAfter = new Date(clock().getTime() + limits.keptMs)
    await insertJobs(db, [message], { requestId, runAfter })
    return true
  }
  if (!(await hasBytes(storage, imported, place.objectKey))) return false
  if (!(await storage.deleteIfMatch(place.objectKey, head.etag)))
    await insertJobs(db, [message], { requestId })
  return true
}

/** The same bytes that came again are another version: whoever sent them may be looking at them now. */
const isSameVersion = (head: ObjectHead, { etag, lastModified }: ImportedObject) =>
  head.etag.replaceAll('"', '') === etag && head.modifiedAt.getTime() === lastModified.getTime()

/** What is removed may be the last copy of all. */
async function hasBytes(storage: NodeStorage, { asset }: ImportedObject, objectKey: string) {
  if (isSidecar(objectKey))
    return asset.sidecarKey !== null && (await storage.head(asset.sidecarKey)) !== undefined
  return (await storage.head(asset.originalKey))?.sizeBytes === asset.sizeBytes
}
