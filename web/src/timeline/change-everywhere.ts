import type { AssetSource } from './asset-source.ts'
import type { TimelineAsset } from './timeline-asset.ts'

export type Facts = Partial<Pick<TimelineAsset, 'isFavorite' | 'visibility' | 'isTrashed'>>

/**
 * Shows a change wherever the assets are shown: they change where they stay, leave where they no longer belong and
 * arrive where they now do. Answers how to take all of it back.
 */
export function changeEverywhere(
  sources: readonly AssetSource[],
  before: readonly TimelineAsset[],
  { facts, isLeaving }: { facts: Facts; isLeaving: boolean },
): () => void {
  const takenBack = sources.map((source) => changeOne(source, before, { facts, isLeaving }))
  return () => {
    for (const takeBack of takenBack) takeBack()
  }
}

function changeOne(
  source: AssetSource,
  before: readonly TimelineAsset[],
  { facts, isLeaving }: { facts: Facts; isLeaving: boolean },
): () => void {
  const shown = before.filter(({ id }) => source.find(id))
  const leaving = isLeaving ? shown.filter((asset) => !source.accepts({ ...asset, ...facts })) : []
  const gone = new Set(idsOf(leaving))
  const staying = new Set(idsOf(shown).filter((id) => !gone.has(id)))
  const arriving =
    source.isWhole && source.status === 'ready'
      ? before.filter((asset) => !source.accepts(asset) && source.accepts({ ...asset, ...facts }))
      : []

  source.patch(staying, (asset) => ({ ...asset, ...facts }))
  const taken = leaving.length > 0 ? source.take(gone) : []
  if (arriving.length > 0) source.put(arriving.map((asset) => ({ ...asset, ...facts })))

  const original = new Map(before.map((asset) => [asset.id, asset]))
  return () => {
    if (arriving.length > 0) source.take(new Set(idsOf(arriving)))
    if (taken.length > 0) source.put(taken)
    source.patch(staying, (asset) => ({ ...asset, ...factsOf(original.get(asset.id), facts) }))
    // A page that was asked for only after the change shows what it changed.
    const strays = before.filter((asset) => source.find(asset.id) && !source.accepts(asset))
    if (strays.length > 0) source.take(new Set(idsOf(strays)))
  }
}

/** What the changed facts were; everything else may have become newer in between. */
function factsOf(asset: TimelineAsset | undefined, facts: Facts): Facts {
  if (!asset) return {}
  const names = Object.keys(facts) as (keyof Facts)[]
  return Object.fromEntries(names.map((name) => [name, asset[name]]))
}

const idsOf = (assets: readonly TimelineAsset[]) => assets.map(({ id }) => id)
