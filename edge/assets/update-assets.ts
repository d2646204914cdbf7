import type { AssetBulkUpdateDto, UpdateAssetDto } from '#contracts/api/assets.ts'
import { AppError } from '#contracts/errors.ts'
import { ASSETS_PER_MESSAGE, tellAssets, tellUser } from '#contracts/events.ts'
import type { AssetId } from '#contracts/ids.ts'
import {
  type AssetChange,
  type AssetWithExif,
  findAsset,
  updateAssets,
} from '#db/queries/assets.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { assetViewerOf } from './asset-viewer.ts'
import { refuseForeignMotion } from './live-photo.ts'
import { takenAtOf } from './taken-at.ts'

type Chosen = { assetIds: AssetId[] }
type Change = Omit<AssetBulkUpdateDto, 'ids'> & Pick<UpdateAssetDto, 'livePhotoVideoId'>

function refuseUnknownZone(timeZone: string | undefined): void {
  if (timeZone === undefined) return
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    throw new AppError('bad_request', `Unknown time zone ${timeZone}`, { cause })
  }
}

function changeOf({ dateTimeOriginal, dateTimeRelative, ...change }: Change): AssetChange {
  const takenAt = dateTimeOriginal === undefined ? undefined : takenAtOf(dateTimeOriginal)
  const { isFavorite, visibility, livePhotoVideoId, description, rating, latitude, longitude } =
    change
  return {
    isFavorite,
    visibility,
    livePhotoVideoId,
    description,
    rating,
    latitude,
    longitude,
    takenAt,
    shiftMinutes: takenAt ? undefined : dateTimeRelative,
    timeZone: change.timeZone,
  }
}

/** Changes all of them, or refuses all. */
export async function changeAssets(
  { db, requestId, push }: Deps,
  viewer: Viewer,
  { assetIds, ...dto }: Change & Chosen,
): Promise<void> {
  refuseUnknownZone(dto.timeZone)
  await refuseForeignMotion(db, viewer, dto.livePhotoVideoId)
  const change = changeOf(dto)
  const scope = { ...assetViewerOf(viewer), assetIds }
  if (!(await updateAssets(db, { ...scope, change, requestId }))) {
    throw new AppError('no_access', 'Not found or no asset.update access')
  }
  push(newsOf(viewer, { assetIds, visibility: dto.visibility }))
}

/** What is locked or hidden leaves every page that shows it; what it is now, nobody is told. */
function newsOf({ id }: Viewer, { assetIds, visibility }: Pick<Change, 'visibility'> & Chosen) {
  const isGone = visibility === 'locked' || visibility === 'hidden'
  if (!isGone) return [tellAssets(id, 'updated', assetIds)]
  if (assetIds.length > ASSETS_PER_MESSAGE) return [tellUser(id, 'on_timeline_change')]
  return assetIds.map((assetId) => tellUser(id, 'on_asset_hidden', assetId))
}

export async function changeAsset(
  deps: Deps,
  viewer: Viewer,
  { assetId, ...dto }: UpdateAssetDto & { assetId: AssetId },
): Promise<AssetWithExif> {
  if (dto.livePhotoVideoId === assetId) {
    throw new AppError('bad_request', 'An asset is not the live photo video of itself')
  }
  await changeAssets(deps, viewer, { ...dto, assetIds: [assetId] })
  // Whoever locks an asset sees it this once more.
  const asset = await findAsset(deps.db, { viewerId: viewer.id, seesLocked: true, assetId })
  if (!asset) throw new AppError('no_access', 'Not found or no asset.update access')
  return asset
}
