import type { Context } from 'hono'
import { AppError } from '#contracts/errors.ts'
import type { PersonId } from '#contracts/ids.ts'
import { findPersonThumbnail } from '#db/queries/people.ts'
import type { AppEnv } from '../app-env.ts'
import { isUnchanged } from '../assets/send-object.ts'
import { noAccess } from './no-access.ts'

/** With `updatedAt` the address changes along with the picture; without, it is asked for again each time. */
export async function sendPersonThumbnail(
  c: Context<AppEnv>,
  { personId, isVersioned }: { personId: PersonId; isVersioned: boolean },
): Promise<Response> {
  const { deps, viewerId } = c.var
  const thumbnail = await findPersonThumbnail(deps.db, { viewerId, personId })
  if (!thumbnail) throw noAccess('person.read')
  const { key } = thumbnail
  if (!key) throw new AppError('not_found', 'Person thumbnail not found')
  const headers = {
    ETag: `"${key.slice(key.lastIndexOf('/') + 1)}"`,
    'Cache-Control': `private, ${isVersioned ? 'max-age=86400' : 'no-cache'}, no-transform`,
  }
  if (isUnchanged(c, headers.ETag)) return new Response(null, { status: 304, headers })
  const object = await deps.storage.get(key)
  if (!object) throw new AppError('not_found', 'Person thumbnail not found')
  return new Response(object.body, {
    headers: {
      ...headers,
      'Content-Type': 'image/jpeg',
      'Content-Length': String(object.sizeBytes),
      'Content-Disposition': 'inline',
    },
  })
}
