import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { embedImage } from '#contracts/jobs/embed-image.ts'
import { writePictureVectors } from '#db/queries/model-work.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { GpuDeps } from '../deps.ts'
import { resultOf, seePicture } from '../see-picture.ts'

/** The vector by which words find a picture. The engine computes the pictures of jobs that run beside each other at once. */
export async function handleEmbedImage(
  { assetId }: PayloadOf<typeof embedImage>,
  deps: GpuDeps,
  context: JobContext,
) {
  const { db, engine } = deps
  const { signal } = context
  await seePicture({ kind: 'clip', assetId }, { deps, context }, async ({ spaces, preview }) => {
    const vectors = await Promise.all(
      spaces.map(async (space) => {
        const embed = () => engine.embedImages(space.model, [preview], { signal })
        return { spaceId: space.id, embedding: resultOf(await deps.spaces.use(space, embed)) }
      }),
    )
    await writePictureVectors(db, { assetId, vectors })
  })
}
