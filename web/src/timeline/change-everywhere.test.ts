import { expect, test } from 'vitest'
import type { AssetSource } from './asset-source.ts'
import { changeEverywhere } from './change-everywhere.ts'
import type { TimelineAsset } from './timeline-asset.ts'

const asset = (id: string, facts: Partial<TimelineAsset> = {}): TimelineAsset => ({
  ...{ id, ratio: 1, isImage: true, isFavorite: false, isTrashed: false, visibility: 'timeline' },
  ...{ thumbhash: null, localMs: 0, durationMs: null, place: undefined, livePhotoVideoId: null },
  ...{ condition: 'ready', failureReason: undefined, uploadId: undefined },
  ...facts,
})

/** The part of a source that a change touches. */
function list(accepts: (asset: TimelineAsset) => boolean, assets: TimelineAsset[]) {
  let shown = assets
  const source = {
    status: 'ready',
    isWhole: true,
    accepts,
    find: (id: string) => shown.find((one) => one.id === id),
    patch(ids: ReadonlySet<string>, change: (one: TimelineAsset) => TimelineAsset) {
      shown = shown.map((one) => (ids.has(one.id) ? change(one) : one))
    },
    take(ids: ReadonlySet<string>) {
      const taken = shown.filter(({ id }) => ids.has(id))
      shown = shown.filter(({ id }) => !ids.has(id))
      return taken
    },
    put(added: TimelineAsset[]) {
      shown = [...shown, ...added].sort((a, b) => (a.id < b.id ? -1 : 1))
    },
  }
  return { source: source as unknown as AssetSource, shown: () => shown }
}

const photos = (assets: TimelineAsset[]) =>
  list(({ isTrashed, visibility }) => !isTrashed && visibility === 'timeline', assets)
const trash = (assets: TimelineAsset[]) => list(({ isTrashed }) => isTrashed, assets)

test('what is trashed leaves one page, arrives on the other and comes back as it was', () => {
  const a = asset('a', { isFavorite: true })
  const b = asset('b')
  const here = photos([a, b])
  const there = trash([])

  const takeBack = changeEverywhere([here.source, there.source], [a], {
    facts: { isTrashed: true },
    isLeaving: true,
  })

  expect(here.shown()).toEqual([b])
  expect(there.shown()).toEqual([{ ...a, isTrashed: true }])
  takeBack()
  expect(here.shown()).toEqual([a, b])
  expect(there.shown()).toEqual([])
})

test('what stays on a page changes there, and an undo touches only what was changed', () => {
  const a = asset('a')
  const everything = list(() => true, [a])

  const takeBack = changeEverywhere([everything.source], [a], {
    facts: { isFavorite: true },
    isLeaving: true,
  })
  everything.source.patch(new Set(['a']), (one) => ({ ...one, thumbhash: 'newer' }))

  expect(everything.shown()[0]?.isFavorite).toBe(true)
  takeBack()
  expect(everything.shown()).toEqual([{ ...a, thumbhash: 'newer' }])
})

test('a heart that is taken away leaves its page only later', () => {
  const a = asset('a', { isFavorite: true })
  const favourites = list(({ isFavorite }) => isFavorite, [a])

  changeEverywhere([favourites.source], [a], { facts: { isFavorite: false }, isLeaving: false })

  expect(favourites.shown()).toEqual([{ ...a, isFavorite: false }])
})
