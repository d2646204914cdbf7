import type { BulkIdResponseDto } from '#contracts/api/common.ts'
import type { PersonUpdateDto } from '#contracts/api/people.ts'
import { AppError } from '#contracts/errors.ts'
import type { PersonId } from '#contracts/ids.ts'
import { findPerson, type Person, updatePerson } from '#db/queries/people.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { noAccess } from './no-access.ts'

type Change = PersonUpdateDto & { id: PersonId }

export async function changePerson(
  { db, requestId }: Deps,
  viewer: Viewer,
  { id: personId, featureFaceAssetId, ...change }: Change,
): Promise<Person> {
  const person = await updatePerson(db, {
    ...assetViewerOf(viewer),
    ...{ personId, change, requestId },
    coverAssetId: featureFaceAssetId,
  })
  if (person) return person
  const isThere = await findPerson(db, { viewerId: viewer.id, personId })
  if (!isThere) throw noAccess('person.update')
  throw new AppError('bad_request', 'Invalid assetId for feature face')
}

/** One after the other: what fails leaves the others alone. */
export async function changePeople(
  deps: Deps,
  viewer: Viewer,
  changes: Change[],
): Promise<BulkIdResponseDto[]> {
  const results: BulkIdResponseDto[] = []
  for (const change of changes) {
    try {
      await changePerson(deps, viewer, change)
      results.push({ id: change.id, success: true })
    } catch (error) {
      // An outage is no answer to one id.
      if (!(error instanceof AppError)) throw error
      results.push({ id: change.id, success: false, error: 'unknown' })
    }
  }
  return results
}
