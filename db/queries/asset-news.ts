import { and, eq, sql } from 'drizzle-orm'
import type { AssetId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'
import { assetExif, assets } from '../schema/tables.ts'
import { type AssetViewer, visibleTo } from './asset-access.ts'
import type { AssetWithExif } from './assets.ts'
import { peopleOfAsset } from './people.ts'

/** What there is to tell of these assets. What the viewer may not see is absent. */
export async function listAssetsForNews(
  db: Db,
  { assetIds, ...viewer }: AssetViewer & { assetIds: AssetId[] },
): Promise<AssetWithExif[]> {
  const rows = await db
    .select({ asset: assets, exif: assetExif, people: peopleOfAsset(viewer) })
    .from(assets)
    .leftJoin(assetExif, eq(assetExif.assetId, assets.id))
    .where(and(visibleTo(viewer), sql`${assets.id} = any(${sql.param(assetIds)}::uuid[])`))
    .orderBy(assets.id)
  return rows.map(({ asset, exif, people }) => ({ ...asset, exif, people }))
}
