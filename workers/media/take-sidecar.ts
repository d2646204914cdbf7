import type { AssetId } from '#contracts/ids.ts'
import { mediaTypeOfName } from '#contracts/media-types.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import type { InboxRow } from '#db/queries/inbox.ts'
import {
  attachSidecarForWork,
  listInboxRowsForWork,
  listInboxSiblingsForWork,
  markInboxRefused,
  markInboxWaiting,
} from '#db/queries/inbox-work.ts'
import { fileNameOfKey, stemOf } from './inbox-names.ts'
import { type InboxVersion, type InboxWork, settleInboxObject } from './settle-inbox-object.ts'

/** As much as the upload routes take. */
const MAX_BYTES = 2 * 1024 * 1024
const MAX_SIBLINGS = 50
const CONTENT_TYPE = 'application/rdf+xml'

const WAITS = 'It waits for the file that it describes.'
const TOO_LARGE = 'The sidecar is larger than 2 MB.'

/**
 * Gives a sidecar to the assets that the files beside it became. While such a file is still on its way, or none is
 * known, it stays and waits; the file's import wakes it.
 */
export async function takeSidecar(work: InboxWork, version: InboxVersion): Promise<void> {
  const { place, deps } = work
  const { etag, head } = version
  if (head.sizeBytes > MAX_BYTES)
    return await markInboxRefused(deps.db, { ...place, etag, reason: TOO_LARGE })

  const files = await listDescribed(work)
  const attached: AssetId[] = []
  for (const { assetId } of files.filter(({ state }) => state === 'imported'))
    if (await attach(work, version, assetId)) attached.push(assetId)
  const [first] = attached
  const isAwaited = files.some(({ state }) => state === 'waiting' || state === 'importing')
  if (!first || isAwaited) return await markInboxWaiting(deps.db, { ...place, etag, reason: WAITS })
  await settleInboxObject(work, version, first)
}

/** `foo.jpg.xmp` describes foo.jpg; `foo.xmp` each foo.* that has no sidecar of its own name. */
async function listDescribed({ place, deps }: InboxWork): Promise<InboxRow[]> {
  const { ownerId, objectKey } = place
  const stem = stemOf(objectKey)
  const own = await listInboxRowsForWork(deps.db, { ownerId, objectKeys: [stem] })
  const beside = await listInboxSiblingsForWork(deps.db, { ownerId, stem, limit: MAX_SIBLINGS })
  const files = beside.filter(({ objectKey: key }) => mediaTypeOfName(fileNameOfKey(key)))
  const ofTheirOwn = await listInboxRowsForWork(deps.db, {
    ownerId,
    objectKeys: files.flatMap(({ objectKey: key }) => [`${key}.xmp`, `${key}.XMP`]),
  })
  const stronger = new Set(ofTheirOwn.map(({ objectKey: key }) => stemOf(key)))
  return [...own, ...files.filter(({ objectKey: key }) => !stronger.has(key))]
}

async function attach(
  { place, deps, context }: InboxWork,
  { head }: InboxVersion,
  assetId: AssetId,
) {
  const { ownerId, objectKey } = place
  const sidecarKey = objectKeys.sidecar({ ownerId, assetId })
  await deps.storage.copy(objectKey, sidecarKey, { ifMatch: head.etag, contentType: CONTENT_TYPE })
  const { requestId } = context
  return await attachSidecarForWork(deps.db, { assetId, sidecarKey, requestId })
}
