import type { FaceId, PersonId } from '#contracts/ids.ts'
import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import { recognizeFaces } from '#contracts/jobs/recognize-faces.ts'
import { newId } from '#contracts/new-id.ts'
import type { PgDb } from '#db/node.ts'
import {
  type Basis,
  listClusterPeople,
  listNeighbourhood,
  listWaitingFacesForWork,
  type Neighbour,
  type Neighbourhood,
  writeClustering,
} from '#db/queries/face-clustering.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import { findActiveSpace } from '#db/queries/vector-spaces.ts'
import { withAdvisoryLock } from '#workers/runtime/advisory-lock.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { clusterFaces, findDense } from '../cluster-faces.ts'

type Deps = { db: PgDb; clock: () => Date }

const FACES_AT_ONCE = 200
const LOOK_AGAIN_MS = 5_000

/** Says who the faces of an owner are that wait for it. One run per owner at a time, wherever it runs. */
export async function handleRecognizeFaces(
  { ownerId }: PayloadOf<typeof recognizeFaces>,
  { db, clock }: Deps,
  { log, signal, requestId }: JobContext,
) {
  const [space, { machineLearning }] = await Promise.all([
    findActiveSpace(db, 'face'),
    readSystemConfig(db),
  ])
  if (!space) return log.info({ ownerId }, 'no face has a vector yet, nothing to do')
  const { maxDistance, minFaces } = machineLearning.facialRecognition
  const basis = { ownerId, space, maxDistance, minFaces }

  const isDone = await withAdvisoryLock(db, `tintype:recognize-faces:${ownerId}`, async () => {
    for (;;) {
      const waiting = await listWaitingFacesForWork(db, basis)
      if (waiting.length === 0) return
      for (let at = 0; at < waiting.length; at += FACES_AT_ONCE) {
        signal.throwIfAborted()
        await recognize(db, basis, { batch: waiting.slice(at, at + FACES_AT_ONCE), requestId })
      }
    }
  })
  if (isDone) return
  // The one that runs may have looked for waiting faces before the last of them came.
  const runAfter = new Date(clock().getTime() + LOOK_AGAIN_MS)
  await insertJobs(db, [recognizeFaces.message({ ownerId })], { requestId, runAfter })
}

type Work = { batch: FaceId[]; requestId: string | null }

/** See [Note: Who is who]. */
async function recognize(db: PgDb, basis: Basis, { batch, requestId }: Work) {
  const { minFaces } = basis
  const first = await listNeighbourhood(db, basis, { faceIds: batch, batchIds: batch })
  // Faces that stood alone may have become dense by the batch.
  const known = first.neighbours.filter(isAlone)
  const knownIds = idsOf(known)
  const together = [...batch, ...knownIds]
  const second = await listNeighbourhood(db, basis, { faceIds: knownIds, batchIds: together })
  const looked = joined(first, second)
  const dense = new Set(idsOf(known.filter(({ isDense }) => isDense)))
  const nowDense = findDense(looked, { dense, minFaces })

  const isLooked = new Set<FaceId | null>(together)
  const besides = looked.neighbours.filter(
    (neighbour) => isAlone(neighbour) && nowDense.has(neighbour.faceId),
  )
  const around = await listNeighbourhood(db, basis, {
    faceIds: idsOf(besides).filter((id) => !isLooked.has(id)),
    batchIds: together,
  })
  const people = await listClusterPeople(db, {
    ownerId: basis.ownerId,
    personIds: peopleOf(looked, around),
  })
  const clustering = clusterFaces({
    looked,
    around,
    dense,
    people,
    minFaces,
    newId: newId<PersonId>,
  })
  const isNew = new Set(batch)
  await writeClustering(db, basis, {
    ...clustering,
    looked: looked.faces
      .filter(({ id }) => isNew.has(id) || nowDense.has(id))
      .map(({ id, isInTimeline }) => ({ faceId: id, isDense: nowDense.has(id), isInTimeline })),
    requestId,
  })
}

/** Told as itself and looked at before: it holds nothing together, or has no person yet. */
const isAlone = ({ kind, otherId }: Neighbour) =>
  otherId !== null && (kind === 'loose' || kind === 'core')

const idsOf = (neighbours: Neighbour[]): FaceId[] => [
  ...new Set(neighbours.flatMap(({ otherId }) => otherId ?? [])),
]

const joined = (one: Neighbourhood, other: Neighbourhood): Neighbourhood => ({
  faces: [...one.faces, ...other.faces],
  neighbours: [...one.neighbours, ...other.neighbours],
})

function peopleOf(...neighbourhoods: Neighbourhood[]): PersonId[] {
  const ids = neighbourhoods.flatMap(({ faces, neighbours }) =>
    [...faces, ...neighbours].flatMap(({ personId }) => personId ?? []),
  )
  return [...new Set(ids)]
}
