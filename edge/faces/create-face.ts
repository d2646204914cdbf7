import type { AssetFaceCreateDto } from '#contracts/api/faces.ts'
import type { FaceId } from '#contracts/ids.ts'
import { insertFace } from '#db/queries/faces.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { noAccess } from '../people/no-access.ts'

/** A face that somebody drew, cut to the picture. */
export async function createFace(
  { db, newId, requestId }: Deps,
  viewer: Viewer,
  { assetId, personId, imageWidth, imageHeight, ...drawn }: AssetFaceCreateDto,
): Promise<void> {
  const box = {
    x1: Math.max(0, drawn.x),
    y1: Math.max(0, drawn.y),
    x2: Math.min(imageWidth, drawn.x + drawn.width),
    y2: Math.min(imageHeight, drawn.y + drawn.height),
  }
  const face = { id: newId<FaceId>(), assetId, personId, box, imageWidth, imageHeight }
  const outcome = await insertFace(db, { ...assetViewerOf(viewer), face, requestId })
  if (outcome === 'no asset') throw noAccess('asset.read')
  if (outcome === 'no person') throw noAccess('person.read')
}
