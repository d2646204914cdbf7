import { AppError } from '#contracts/errors.ts'
import type { AlbumId, UserId } from '#contracts/ids.ts'
import { isAlbumMember } from '#db/queries/albums.ts'
import type { Deps } from '../deps.ts'

/** An empty list would not tell an album without content from one that is not there. */
export async function requireAlbum(
  { db }: Deps,
  scope: { viewerId: UserId; albumId: AlbumId },
): Promise<void> {
  if (await isAlbumMember(db, scope)) return
  throw new AppError('no_access', 'Not found or no album.read access')
}
