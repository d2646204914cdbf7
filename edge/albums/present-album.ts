import type { AlbumResponseDto } from '#contracts/api/albums.ts'
import type { AlbumWithContent } from '#db/queries/albums.ts'
import { presentUser } from '../users/present-user.ts'

export function presentAlbum(album: AlbumWithContent): AlbumResponseDto {
  const { firstDay, lastDay, lastModifiedAt, members } = album
  return {
    id: album.id,
    albumName: album.name,
    description: album.description,
    albumThumbnailAssetId: album.thumbnailAssetId,
    albumUsers: members.map(({ role, ...user }) => ({ role, user: presentUser(user) })),
    assetCount: album.assetCount,
    ...(firstDay && { startDate: firstDay.toISOString() }),
    ...(lastDay && { endDate: lastDay.toISOString() }),
    ...(lastModifiedAt && { lastModifiedAssetTimestamp: lastModifiedAt.toISOString() }),
    order: album.order,
    isActivityEnabled: album.isActivityEnabled,
    shared: members.length > 1,
    hasSharedLink: false,
    createdAt: album.createdAt.toISOString(),
    updatedAt: album.updatedAt.toISOString(),
  }
}
