import type { AlbumsAddAssetsResponseDto } from '#contracts/api/albums.ts'
import type { BulkIdErrorReason, BulkIdResponseDto } from '#contracts/api/common.ts'
import { AppError } from '#contracts/errors.ts'
import type { AlbumId, AssetId, UserId } from '#contracts/ids.ts'
import { deleteAlbumAssets, insertAlbumAssets, insertIntoAlbums } from '#db/queries/album-assets.ts'
import type { Deps } from '../deps.ts'
import { tellMembers } from './tell-members.ts'

type Filing = { viewerId: UserId; albumId: AlbumId; assetIds: AssetId[] }

/** One answer for each id of the request, in its order; an id that comes twice succeeds once. */
function answersTo(
  assetIds: AssetId[],
  { succeeded, errorOf }: { succeeded: Set<AssetId>; errorOf: (id: AssetId) => BulkIdErrorReason },
): BulkIdResponseDto[] {
  const open = new Set(succeeded)
  return assetIds.map((id) =>
    open.delete(id) ? { id, success: true } : { id, success: false, error: errorOf(id) },
  )
}

export async function addToAlbum({ db, push }: Deps, filing: Filing): Promise<BulkIdResponseDto[]> {
  const filed = await insertAlbumAssets(db, filing)
  if (!filed) throw new AppError('no_access', 'Not found or no albumAsset.create access')
  push(tellMembers(filed.listeners))
  return answersTo(filing.assetIds, {
    succeeded: filed.added,
    errorOf: (id) => (filed.allowed.has(id) ? 'duplicate' : 'no_permission'),
  })
}

export async function removeFromAlbum(
  { db, push }: Deps,
  filing: Filing,
): Promise<BulkIdResponseDto[]> {
  const taken = await deleteAlbumAssets(db, filing)
  if (!taken) throw new AppError('no_access', 'Not found or no albumAsset.delete access')
  push(tellMembers(taken.listeners))
  return answersTo(filing.assetIds, {
    succeeded: taken.removed,
    errorOf: (id) => (taken.kept.has(id) ? 'no_permission' : 'not_found'),
  })
}

export async function addToAlbums(
  { db, push }: Deps,
  filing: { viewerId: UserId; albumIds: AlbumId[]; assetIds: AssetId[] },
): Promise<AlbumsAddAssetsResponseDto> {
  const { albums, assets, added, listeners } = await insertIntoAlbums(db, filing)
  push(tellMembers(listeners))
  if (albums === 0 || assets === 0) return { success: false, error: 'no_permission' }
  return added > 0 ? { success: true } : { success: false, error: 'duplicate' }
}
