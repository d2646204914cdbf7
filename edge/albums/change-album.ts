import type { UpdateAlbumDto } from '#contracts/api/albums.ts'
import { AppError } from '#contracts/errors.ts'
import type { AlbumId, UserId } from '#contracts/ids.ts'
import {
  type AlbumChange,
  type AlbumWithContent,
  findAlbum,
  updateAlbum,
} from '#db/queries/albums.ts'
import type { Deps } from '../deps.ts'
import { tellMembers } from './tell-members.ts'

function changeOf(dto: UpdateAlbumDto): AlbumChange {
  const { albumName, description, albumThumbnailAssetId, isActivityEnabled, order } = dto
  return {
    ...(albumName !== undefined && { name: albumName }),
    ...(description !== undefined && { description }),
    ...(albumThumbnailAssetId && { thumbnailAssetId: albumThumbnailAssetId }),
    ...(isActivityEnabled !== undefined && { isActivityEnabled }),
    ...(order && { order }),
  }
}

export async function changeAlbum(
  { db, push }: Deps,
  scope: { viewerId: UserId; albumId: AlbumId },
  dto: UpdateAlbumDto,
): Promise<AlbumWithContent> {
  const outcome = await updateAlbum(db, { ...scope, change: changeOf(dto) })
  if (outcome === 'cover is not in it') throw new AppError('bad_request', 'Invalid album thumbnail')
  if (outcome !== 'no access') push(tellMembers(outcome))
  const album = outcome === 'no access' ? undefined : await findAlbum(db, scope)
  if (!album) throw new AppError('no_access', 'Not found or no album.update access')
  return album
}
