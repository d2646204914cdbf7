import { and, eq, ne, sql, sum } from 'drizzle-orm'
import type { AssetStatsQuery, AssetStatsResponseDto } from '#contracts/api/asset-statistics.ts'
import type { Db } from '../client.ts'
import { assets, users } from '../schema/tables.ts'
import { type AssetViewer, visibleIn } from './asset-access.ts'

const typeIs = (type: 'IMAGE' | 'VIDEO') => sql`${assets.type} = ${type}`

/** The viewer's assets; without a visibility those of timeline and archive. */
export async function countAssetsByType(
  db: Db,
  { isFavorite, isTrashed, visibility, ...viewer }: AssetStatsQuery & AssetViewer,
): Promise<AssetStatsResponseDto> {
  const [counted] = await db
    .select({
      images: sql<number>`count(*) filter (where ${typeIs('IMAGE')})`.mapWith(Number),
      videos: sql<number>`count(*) filter (where ${typeIs('VIDEO')})`.mapWith(Number),
      total: sql<number>`count(*)`.mapWith(Number),
    })
    .from(assets)
    .where(
      and(
        visibleIn(viewer, visibility),
        eq(assets.status, isTrashed ? 'trashed' : 'active'),
        isFavorite === undefined ? undefined : eq(assets.isFavorite, isFavorite),
        visibility
          ? eq(assets.visibility, visibility)
          : sql`${assets.visibility} in ('timeline', 'archive')`,
      ),
    )
  return counted ?? { images: 0, videos: 0, total: 0 }
}

/** Photos, videos and bytes of every user, oldest user first. Trashed assets count as bytes only. */
export async function listUsageByUser(db: Db) {
  const shown = sql`${assets.status} = 'active' and ${assets.visibility} <> 'hidden'`
  const bytesOf = (type: 'IMAGE' | 'VIDEO') =>
    sql<number>`coalesce(sum(${assets.sizeBytes}) filter (where ${typeIs(type)}), 0)`.mapWith(
      Number,
    )
  return await db
    .select({
      userId: users.id,
      userName: users.name,
      quotaSizeBytes: users.quotaSizeBytes,
      photos:
        sql<number>`count(${assets.id}) filter (where ${typeIs('IMAGE')} and ${shown})`.mapWith(
          Number,
        ),
      videos:
        sql<number>`count(${assets.id}) filter (where ${typeIs('VIDEO')} and ${shown})`.mapWith(
          Number,
        ),
      usagePhotos: bytesOf('IMAGE'),
      usageVideos: bytesOf('VIDEO'),
    })
    .from(users)
    .leftJoin(assets, and(eq(assets.ownerId, users.id), ne(assets.status, 'deleted')))
    .groupBy(users.id)
    .orderBy(users.createdAt, users.id)
}

/** What quotas count: the originals of all users. */
export async function sumUsageBytes(db: Db): Promise<number> {
  const [summed] = await db
    .select({ bytes: sum(users.quotaUsageBytes).mapWith(Number) })
    .from(users)
  return summed?.bytes ?? 0
}
