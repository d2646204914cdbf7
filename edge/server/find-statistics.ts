import type { ServerStatsResponseDto, UsageByUserDto } from '#contracts/api/server.ts'
import { listUsageByUser } from '#db/queries/asset-statistics.ts'
import type { Deps } from '../deps.ts'

export async function findStatistics({ db }: Pick<Deps, 'db'>): Promise<ServerStatsResponseDto> {
  const usageByUser: UsageByUserDto[] = (await listUsageByUser(db)).map((usage) => ({
    userId: usage.userId,
    userName: usage.userName,
    quotaSizeInBytes: usage.quotaSizeBytes,
    photos: usage.photos,
    videos: usage.videos,
    usage: usage.usagePhotos + usage.usageVideos,
    usagePhotos: usage.usagePhotos,
    usageVideos: usage.usageVideos,
  }))
  const sum = (field: 'photos' | 'videos' | 'usage' | 'usagePhotos' | 'usageVideos') =>
    usageByUser.reduce((total, usage) => total + usage[field], 0)
  return {
    photos: sum('photos'),
    videos: sum('videos'),
    usage: sum('usage'),
    usagePhotos: sum('usagePhotos'),
    usageVideos: sum('usageVideos'),
    usageByUser,
  }
}
