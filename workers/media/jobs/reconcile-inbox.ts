import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { reconcileInbox } from '#contracts/jobs/reconcile-inbox.ts'
import { INBOX, ownerOfInboxKey } from '#contracts/object-keys.ts'
import { noteInboxObjects, type SeenObject } from '#db/queries/inbox-notes.ts'
import {
  deleteOldImportsForWork,
  insertImportsForWork,
  listPresentRowsForWork,
  markReconciled,
  retryPassedForWork,
  ringForLostImports,
} from '#db/queries/inbox-reconcile.ts'
import type { ListedObject } from '#storage/storage.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { MediaDeps } from '../deps.ts'
import { isFolderMarker } from '../inbox-names.ts'

const PAGE = 1000
const MINUTE_MS = 60_000
const LOST_AFTER_MS = 10 * MINUTE_MS
const IMPORTS_KEPT_MS = 30 * 24 * 60 * MINUTE_MS

/**
 * Lists all inboxes and compares: what is new or changed gets a job, and so does what a row speaks of and the store
 * has no longer. Events only make this faster. What is as it was costs reads alone.
 */
export async function handleReconcileInbox(
  _: PayloadOf<typeof reconcileInbox>,
  deps: MediaDeps,
  context: JobContext,
) {
  const { db, clock } = deps
  const { log, requestId } = context
  const now = clock().getTime()
  const listedAt = new Date()
  const startedAt = performance.now()
  const { present, noted } = await listAll(deps, context)
  const gone = await ringForGone(deps, context, { present, listedAt })
  await retryPassedForWork(db, { requestId })
  await ringForLostImports(db, { untouchedSince: new Date(now - LOST_AFTER_MS), requestId })
  await deleteOldImportsForWork(db, { importedBefore: new Date(now - IMPORTS_KEPT_MS) })
  await markReconciled(db, { tookSeconds: (performance.now() - startedAt) / 1000 })
  if (noted + gone > 0) log.info({ objects: present.size, noted, gone }, 'inboxes differ')
}

async function listAll({ db, storage }: MediaDeps, { signal, requestId }: JobContext) {
  const present = new Set<string>()
  let noted = 0
  let cursor: string | undefined
  do {
    signal.throwIfAborted()
    const page = await storage.list(INBOX, cursor)
    const objects = page.objects.flatMap(seen)
    for (const { objectKey } of objects) present.add(objectKey)
    noted += await noteInboxObjects(db, { objects, requestId })
    cursor = page.cursor
  } while (cursor)
  return { present, noted }
}

/** What lies in nobody's folder, and what tools write to show an empty one, is none of ours. */
function seen({ key, etag, sizeBytes, modifiedAt }: ListedObject): SeenObject[] {
  const ownerId = ownerOfInboxKey(key)
  if (!ownerId || isFolderMarker(key)) return []
  const bare = etag.replaceAll('"', '')
  return [{ ownerId, objectKey: key, etag: bare, sizeBytes, lastModified: modifiedAt }]
}

type Listed = { present: Set<string>; listedAt: Date }

/** A listing may lack what came while it ran, so a job looks at each before its row goes. */
async function ringForGone({ db }: MediaDeps, context: JobContext, { present, listedAt }: Listed) {
  let gone = 0
  let after: Awaited<ReturnType<typeof listPresentRowsForWork>>[number] | undefined
  for (;;) {
    context.signal.throwIfAborted()
    const rows = await listPresentRowsForWork(db, { after, notedBefore: listedAt, limit: PAGE })
    const places = rows.filter(({ objectKey }) => !present.has(objectKey))
    await insertImportsForWork(db, { places, requestId: context.requestId })
    gone += places.length
    after = rows.at(-1)
    if (rows.length < PAGE) return gone
  }
}
