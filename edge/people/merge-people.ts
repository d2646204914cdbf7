import type { BulkIdResponseDto } from '#contracts/api/common.ts'
import { AppError } from '#contracts/errors.ts'
import type { PersonId, UserId } from '#contracts/ids.ts'
import { mergePeople } from '#db/queries/people.ts'
import type { Deps } from '../deps.ts'
import { noAccess } from './no-access.ts'

/** Gives a person the faces of the others, who go. An answer for each of those. */
export async function mergeInto(
  { db, requestId }: Deps,
  viewerId: UserId,
  { personId, otherIds }: { personId: PersonId; otherIds: PersonId[] },
): Promise<BulkIdResponseDto[]> {
  if (otherIds.includes(personId)) {
    throw new AppError('bad_request', 'Cannot merge a person into themselves')
  }
  const merged = await mergePeople(db, { viewerId, personId, otherIds, requestId })
  if (!merged) throw noAccess('person.update')
  return otherIds.map((id) =>
    merged.has(id) ? { id, success: true } : { id, success: false, error: 'no_permission' },
  )
}

/** The first of them takes in the others. */
export async function mergeInOrder(
  deps: Deps,
  viewerId: UserId,
  ids: PersonId[],
): Promise<BulkIdResponseDto[]> {
  const [personId, ...otherIds] = ids
  if (!personId || otherIds.length === 0) {
    throw new AppError('bad_request', 'At least two people are needed')
  }
  return await mergeInto(deps, viewerId, { personId, otherIds })
}
