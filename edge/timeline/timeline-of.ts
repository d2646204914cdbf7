import type { TimeBucketsQuery } from '#contracts/api/timeline.ts'
import { AppError } from '#contracts/errors.ts'
import type { AssetViewer } from '#db/queries/asset-access.ts'
import type { TimelineFilter } from '#db/queries/timeline.ts'
import { requireAlbum } from '../albums/require-album.ts'
import { assetViewerOf, requireElevation } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'

function refuseOddPartners({ withPartners, visibility, isFavorite, isTrashed }: TimeBucketsQuery) {
  const isOdd = visibility !== 'timeline' || isFavorite !== undefined || isTrashed !== undefined
  if (withPartners && isOdd) {
    throw new AppError(
      'bad_request',
      'withPartners is only supported for non-archived, non-trashed, non-favorited assets',
    )
  }
}

/** There are no tags yet, and nobody else's timeline: what is asked for is not there. */
function refuseForeign({ tagId, userId }: TimeBucketsQuery, viewer: Viewer) {
  const permission = tagId ? 'tag' : userId && userId !== viewer.id ? 'timeline' : undefined
  if (permission) throw new AppError('no_access', `Not found or no ${permission}.read access`)
}

/** The part of the library that a query asks for, or a refusal. */
export async function timelineOf(
  deps: Deps,
  viewer: Viewer,
  query: TimeBucketsQuery,
): Promise<AssetViewer & TimelineFilter> {
  refuseOddPartners(query)
  refuseForeign(query, viewer)
  requireElevation(viewer, query.visibility)
  const {
    visibility,
    isFavorite,
    isTrashed = false,
    bbox,
    albumId,
    personId,
    order,
    orderBy,
  } = query
  if (albumId) await requireAlbum(deps, { viewerId: viewer.id, albumId })
  const filter = { visibility, isFavorite, isTrashed, bbox, albumId, personId, order, orderBy }
  return { ...assetViewerOf(viewer), ...filter }
}
