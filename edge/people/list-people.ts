import type { z } from 'zod'
import type { PeopleQuery } from '#contracts/api/people.ts'
import { findPerson, listPeople, type PeoplePage } from '#db/queries/people.ts'
import { findActiveSpace } from '#db/queries/vector-spaces.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { noAccess } from './no-access.ts'

export async function listPeoplePage(
  { db }: Deps,
  viewer: Viewer,
  { closestPersonId, closestAssetId, withHidden = false, ...page }: z.output<typeof PeopleQuery>,
): Promise<PeoplePage> {
  const filter = { ...assetViewerOf(viewer), withHidden, ...page }
  const { viewerId } = filter
  if (!closestPersonId && !closestAssetId) return await listPeople(db, filter)
  if (closestPersonId && !(await findPerson(db, { viewerId, personId: closestPersonId }))) {
    throw noAccess('person.read')
  }
  const space = await findActiveSpace(db, 'face')
  const closest = space && { space, personId: closestPersonId, assetId: closestAssetId }
  return await listPeople(db, { ...filter, ...(closest && { closest }) })
}
