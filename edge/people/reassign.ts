import type { PersonId } from '#contracts/ids.ts'
import type { Permission } from '#contracts/permissions.ts'
import { type FacesToMove, findPerson, type Person, reassignFaces } from '#db/queries/people.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { noAccess } from './no-access.ts'

/** `permission`: what is refused when there is nothing to move. */
type Move = { personId: PersonId; faces: FacesToMove; permission?: Permission }

/** Gives faces to a person, who is answered as they are then. */
export async function reassign(
  { db, requestId }: Deps,
  viewer: Viewer,
  { personId, faces, permission }: Move,
): Promise<Person> {
  const scope = { ...assetViewerOf(viewer), personId }
  const count = await reassignFaces(db, { ...scope, faces, requestId })
  if (count === undefined) throw noAccess('person.update')
  if (count === 0 && permission) throw noAccess(permission)
  const person = await findPerson(db, scope)
  if (!person) throw noAccess('person.read')
  return person
}
