import { expect, test } from 'vitest'
import type { TimeBucketAssetResponseDto } from '#contracts/api/timeline.ts'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { assetsOfBucket, daysOf, mergeAssets } from './timeline-asset.ts'

function bucket(
  times: string[],
  extra: Partial<Record<keyof TimeBucketAssetResponseDto, unknown[]>> = {},
): TimeBucketAssetResponseDto {
  const fill = <T>(value: T) => times.map(() => value)
  return {
    id: times.map((_, index) => `asset-${index}` as AssetId),
    ownerId: fill('owner' as UserId),
    ratio: fill(1.5),
    isFavorite: fill(false),
    isImage: fill(true),
    isTrashed: fill(false),
    visibility: fill('timeline' as const),
    thumbhash: fill<string | null>('3OcRJYB4d3h/iIeHeEh3eIhw+j3A'),
    fileCreatedAt: times,
    localOffsetHours: fill(0),
    duration: fill<number | null>(null),
    livePhotoVideoId: fill(null),
    projectionType: fill(null),
    createdAt: times,
    isThumbnailed: fill(true),
    failureReason: fill<string | null>(null),
    // Columns of a test are given as they come over the wire.
    ...(extra as Partial<TimeBucketAssetResponseDto>),
  }
}

test('the day of a photo is the day on the clock where it was taken', () => {
  const assets = assetsOfBucket(bucket(['2024-06-04T22:30:00Z'], { localOffsetHours: [2] }))

  expect(daysOf(assets)).toEqual([{ key: '2024-06-05', from: 0, to: 1 }])
})

test('a photo without a thumbnail is being processed, one that failed says why', () => {
  const assets = assetsOfBucket(
    bucket(['2024-06-04T10:00:00Z', '2024-06-04T09:00:00Z'], {
      thumbhash: [null, null],
      isThumbnailed: [false, false],
      failureReason: [null, 'The file is cut off'],
    }),
  )

  expect(assets.map(({ condition }) => condition)).toEqual(['processing', 'failed'])
  expect(assets[1]?.failureReason).toBe('The file is cut off')
})

test('a new photo is put in its place by time, and only once', () => {
  const known = assetsOfBucket(bucket(['2024-06-05T10:00:00Z', '2024-06-03T10:00:00Z']))
  const [added] = assetsOfBucket(bucket(['2024-06-04T10:00:00Z'], { id: ['new'] }))

  const once = mergeAssets(known, added ? [added] : [])
  const twice = mergeAssets(once, added ? [added] : [])

  expect(twice.map(({ id }) => id)).toEqual(['asset-0', 'new', 'asset-1'])
})
