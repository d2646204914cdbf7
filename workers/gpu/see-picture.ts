import { PermanentError } from '#contracts/errors.ts'
import type { AssetId } from '#contracts/ids.ts'
import { findPictureForModels, type PictureForModels } from '#db/queries/model-work.ts'
import type { VectorSpace } from '#db/queries/vector-spaces.ts'
import type { NodeStorage } from '#storage/node.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { GpuDeps } from './deps.ts'
import type { ModelKind } from './inference/engine.ts'
import { PictureError } from './inference/engine-errors.ts'

type Seen = { spaces: VectorSpace[]; picture: PictureForModels; preview: Uint8Array }

/**
 * Shows an asset's preview to the models of a kind that have not seen it: that of the active space and, while another is
 * being built, that one's. When all have seen it, the job was recorded to have it seen again.
 */
export async function seePicture(
  { kind, assetId }: { kind: ModelKind; assetId: AssetId },
  { deps, context }: { deps: GpuDeps; context: JobContext },
  look: (seen: Seen) => Promise<void>,
) {
  const { db, storage } = deps
  const { log, signal } = context
  await deps.spaces.withSpaces({ kind, signal }, async (open) => {
    const spaceIds = open.map(({ id }) => id)
    const picture = await findPictureForModels(db, { assetId, spaceIds })
    if (!picture) return log.info({ assetId }, 'there is no picture for models, nothing to do')
    const unseen = open.filter(({ id }) => picture.unseenBy.includes(id))
    const preview = await readPreview(picture.previewKey, storage, signal)
    await look({ spaces: unseen.length > 0 ? unseen : open, picture, preview })
  })
}

async function readPreview(key: string, storage: NodeStorage, signal: AbortSignal) {
  const stream = await storage.stream(key, { signal })
  // Locking or trashing moves it; the next try finds the new key on its row.
  if (!stream) throw new Error(`the preview ${key} is not in the store`)
  return Buffer.concat(await stream.toArray({ signal }))
}

/** The result for one picture, or the reason that it can have none. */
export function resultOf<Result>(results: (Result | PictureError)[]): Result {
  const [result] = results
  if (result instanceof PictureError)
    throw new PermanentError(`The preview cannot be read: ${result.message}`)
  if (result === undefined) throw new Error('the model answered nothing')
  return result
}
