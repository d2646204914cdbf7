import { expect, test } from 'vitest'
import { tileName } from './tile-name.ts'

const asset = {
  id: 'a',
  ratio: 1.5,
  isImage: true,
  isFavorite: false,
  isTrashed: false,
  visibility: 'timeline' as const,
  thumbhash: null,
  localMs: Date.parse('2023-06-05T14:05:00Z'),
  durationMs: null,
  place: 'Berlin, Germany',
  livePhotoVideoId: null,
  condition: 'ready' as const,
  failureReason: undefined,
  uploadId: undefined,
}

test('a tile says what it shows, when and where', () => {
  const name = tileName(asset)

  expect(name).toMatch(/^Photo, Monday/)
  expect(name).toContain('2023')
  expect(name).toMatch(/Berlin, Germany$/)
})

test('a video says how long it is', () => {
  expect(tileName({ ...asset, isImage: false, durationMs: 32_000 })).toMatch(/^Video, 0:32, /)
})

test('a photo that moves says so', () => {
  expect(tileName({ ...asset, livePhotoVideoId: 'b' })).toMatch(/^Live photo, Monday/)
})

test('what cannot be shown says why', () => {
  const name = tileName({ ...asset, condition: 'failed', failureReason: 'The file is cut off' })

  expect(name).toMatch(/cannot be shown: The file is cut off$/)
})
