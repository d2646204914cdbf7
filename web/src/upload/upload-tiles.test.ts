import { expect, test } from 'vitest'
import { shareOfEntry, sortEntries, tileOfEntry, wordsOfState } from './upload-tiles.ts'

const entry = {
  id: 'upload-1',
  name: 'IMG_1.JPG',
  sizeBytes: 1000,
  state: 'uploading' as const,
  hashedBytes: 1000,
  sentBytes: 500,
  canRetry: false,
}

const claims = {
  fileCreatedAt: '2024-06-04T22:30:00Z',
  fileModifiedAt: '2024-06-04T22:30:00Z',
  localDateTime: '2024-06-05T00:30:00Z',
  width: 4032,
  height: 3024,
}

test('a file on its way stands at the date on its own clock', () => {
  const tile = tileOfEntry({ ...entry, claims })

  expect(tile).toMatchObject({ localMs: Date.parse('2024-06-05T00:30:00Z'), uploadId: 'upload-1' })
  expect(tile?.ratio).toBeCloseTo(4 / 3)
})

test('a file that is there already or failed has no tile of its own', () => {
  expect(tileOfEntry({ ...entry, claims, state: 'duplicate' })).toBeUndefined()
  expect(tileOfEntry({ ...entry, claims, state: 'failed' })).toBeUndefined()
})

test('the tile has the id of the asset as soon as that is known', () => {
  expect(tileOfEntry({ ...entry, claims, assetId: 'asset-1' })?.id).toBe('asset-1')
})

test('reading counts as the first part of the way', () => {
  expect(shareOfEntry({ ...entry, state: 'hashing', hashedBytes: 500 })).toBeCloseTo(0.075)
  expect(shareOfEntry(entry)).toBeCloseTo(0.575)
  expect(shareOfEntry({ ...entry, state: 'verifying' })).toBeUndefined()
})

test('a failed file says why', () => {
  expect(wordsOfState({ ...entry, state: 'failed', reason: 'Your storage is full' })).toBe(
    'Your storage is full',
  )
})

test('what needs a person comes first', () => {
  const states = ['done', 'waiting', 'failed', 'uploading'] as const
  const sorted = sortEntries(states.map((state) => ({ ...entry, id: state, state })))

  expect(sorted.map(({ state }) => state)).toEqual(['failed', 'uploading', 'waiting', 'done'])
})
