import type { z } from 'zod'
import type { PeopleQuery } from '#contracts/api/people.ts'
import type { UserId } from '#contracts/ids.ts'
import { findPerson, listPeople, type PeoplePage } from '#db/queries/people.ts'
import { findActiveSpace } from '#db/queries/vector-spaces.ts'
import type { Deps } from '../deps.ts'
import { noAccess } from './no-access.ts'

export async function listPeoplePage(
  { db }: Deps,
  viewerId: UserId,
  { closestPersonId, closestAssetId, withHidden = false, ...page }: z.output<typeof PeopleQuery>,
): Promise<PeoplePage> {
  const filter = { viewerId, withHidden, ...page }
  if (!closestPersonId && !closestAssetId) return await listPeople(db, filter)
  if (closestPersonId && !(await findPerson(db, { viewerId, personId: closestPersonId }))) {
    throw noAccess('person.read')
  }
  const space = await findActiveSpace(db, 'face')
  const closest = space && { space, personId: closestPersonId, assetId: closestAssetId }
  return await listPeople(db, { ...filter, ...(closest && { closest }) })
}
