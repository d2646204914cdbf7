import type { CreateAlbumDto } from '#contracts/api/albums.ts'
import { AppError } from '#contracts/errors.ts'
import type { AlbumId, UserId } from '#contracts/ids.ts'
import { type AlbumWithContent, findAlbum, insertAlbum } from '#db/queries/albums.ts'
import type { Deps } from '../deps.ts'

export async function createAlbum(
  { db, newId }: Deps,
  viewerId: UserId,
  { albumName: name, description = '', assetIds = [], albumUsers = [] }: CreateAlbumDto,
): Promise<AlbumWithContent> {
  if (albumUsers.length > 0) throw new AppError('bad_request', 'Albums cannot be shared yet')
  const id = newId<AlbumId>()
  await insertAlbum(db, { id, ownerId: viewerId, name, description, assetIds })
  const album = await findAlbum(db, { viewerId, albumId: id })
  if (!album) throw new Error('a new album is not there')
  return album
}
