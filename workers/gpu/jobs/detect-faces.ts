import type { AssetId, FaceId } from '#contracts/ids.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { detectFaces } from '#contracts/jobs/detect-faces.ts'
import { newId } from '#contracts/new-id.ts'
import {
  listFacesForWork,
  type NewFace,
  type PictureForModels,
  writeFoundFaces,
} from '#db/queries/model-work.ts'
import type { VectorSpace } from '#db/queries/vector-spaces.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { GpuDeps } from '../deps.ts'
import type { FoundFace, PictureFaces } from '../inference/engine.ts'
import { matchFaces } from '../match-faces.ts'
import { resultOf, seePicture } from '../see-picture.ts'

const MAX_TRIES = 5

/** Boxes and vectors of the faces in a picture, whose owner's people are looked at next. */
export async function handleDetectFaces(
  { assetId }: PayloadOf<typeof detectFaces>,
  deps: GpuDeps,
  context: JobContext,
) {
  const { engine } = deps
  const { signal, requestId } = context
  await seePicture(
    { kind: 'face', assetId },
    { deps, context },
    async ({ spaces, picture, preview }) => {
      const { minScore } = deps.config().machineLearning.facialRecognition
      for (const space of activeFirst(spaces)) {
        const find = () => engine.findFaces(space.model, [preview], { minScore, signal })
        const found = resultOf(await deps.spaces.use(space, find))
        await writeFaces({ assetId, space, picture, found, requestId }, deps)
      }
    },
  )
}

/** What the model in use finds stands first; the other's vectors are for the same faces. */
const activeFirst = (spaces: VectorSpace[]) =>
  spaces.toSorted((a, b) => Number(b.state === 'active') - Number(a.state === 'active'))

type Finding = {
  assetId: AssetId
  space: VectorSpace
  picture: PictureForModels
  found: PictureFaces
  requestId: string | null
}

/**
 * A face that was there keeps its id and its person, and one that a person took away stays away. Only the model in use
 * takes faces away: one that comes after it may see less, and is not in charge yet.
 */
async function writeFaces(finding: Finding, { db }: GpuDeps) {
  const { assetId, space, picture, found, requestId } = finding
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const known = await listFacesForWork(db, assetId)
    const { matched, added, lost } = matchFaces(found, known)
    const fresh = added.map((face) => ({ face, row: newFace(face, found) }))
    const isWritten = await writeFoundFaces(db, {
      assetId,
      ownerId: picture.ownerId,
      spaceId: space.id,
      known: known.map(({ id }) => id),
      added: fresh.map(({ row }) => row),
      vectors: [
        ...fresh.map(({ face, row }) => ({ faceId: row.id, embedding: face.embedding })),
        ...matched
          .filter(({ stored }) => !stored.deletedAt)
          .map(({ found: face, stored }) => ({ faceId: stored.id, embedding: face.embedding })),
      ],
      lost: space.state === 'active' ? lost.map(({ id }) => id) : [],
      requestId,
    })
    if (isWritten) return
  }
  throw new Error('the faces of the asset changed each time they were written')
}

function newFace({ box, score }: FoundFace, { width, height }: PictureFaces): NewFace {
  return {
    id: newId<FaceId>(),
    imageWidth: width,
    imageHeight: height,
    x1: Math.round(box.x1),
    y1: Math.round(box.y1),
    x2: Math.round(box.x2),
    y2: Math.round(box.y2),
    score,
  }
}
