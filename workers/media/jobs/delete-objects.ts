import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import { listReferencedKeysForWork } from '#db/queries/asset-work.ts'
import type { MediaDeps } from '../deps.ts'

/** Removes objects unless a row names them by now. */
export async function handleDeleteObjects(
  { keys }: PayloadOf<typeof deleteObjects>,
  { db, storage }: MediaDeps,
) {
  const referenced = new Set(await listReferencedKeysForWork(db, keys))
  const unnamed = keys.filter((key) => !referenced.has(key))
  if (unnamed.length > 0) await storage.delete(unnamed)
}
