import type { ServerVersionHistoryResponseDto } from '#contracts/api/server.ts'
import { insertVersion, listVersions, type Version } from '#db/queries/versions.ts'
import type { Deps } from '../deps.ts'
import { API_VERSION } from './version.ts'

const present = ({ id, version, createdAt }: Version): ServerVersionHistoryResponseDto => ({
  id,
  version,
  createdAt: createdAt.toISOString(),
})

/** Newest first. A version enters the list when it is first asked here. */
export async function findVersionHistory({ db, newId, clock }: Deps) {
  const versions = await listVersions(db)
  if (versions.some(({ version }) => version === API_VERSION)) return versions.map(present)
  await insertVersion(db, { id: newId(), version: API_VERSION, createdAt: clock() })
  return (await listVersions(db)).map(present)
}
