import type { AssetSource } from '../timeline/asset-source.ts'
import type { TimelineAsset } from '../timeline/timeline-asset.ts'

/** What the bar and the keys of the viewer do. */
export type ViewerActions = {
  close: () => void
  go: (to: TimelineAsset | undefined) => void
  toggleZoom: () => void
  zoomBy: (factor: number) => void
  rest: () => void
  pan: (x: number, y: number) => void
  toggleInfo: () => void
  toggleFavourite: () => void
  archive: () => void
  restore: () => void
  remove: () => void
  download: () => void
  playOrPause: () => void
}

type Moment = {
  source: AssetSource
  current: TimelineAsset | undefined
  previous: TimelineAsset | undefined
  next: TimelineAsset | undefined
  isZoomed: boolean
  isRtl: boolean
}

const ZOOM_STEP = 1.5
const PAN_STEP_PX = 90

/** What a key does now; undefined where it does nothing. */
export function actionOfKey(
  key: string,
  actions: ViewerActions,
  { source, current, previous, next, isZoomed, isRtl }: Moment,
): (() => unknown) | undefined {
  const { go, pan, zoomBy } = actions
  const isTrashed = current?.isTrashed ?? false
  const keys: Record<string, () => unknown> = {
    ArrowRight: () => (isZoomed ? pan(-PAN_STEP_PX, 0) : go(isRtl ? previous : next)),
    ArrowLeft: () => (isZoomed ? pan(PAN_STEP_PX, 0) : go(isRtl ? next : previous)),
    ArrowUp: () => isZoomed && pan(0, PAN_STEP_PX),
    ArrowDown: () => isZoomed && pan(0, -PAN_STEP_PX),
    PageDown: () => go(next),
    PageUp: () => go(previous),
    Home: async () => go(await source.edge('first')),
    End: async () => go(await source.edge('last')),
    Escape: isZoomed ? actions.rest : actions.close,
    '+': () => zoomBy(ZOOM_STEP),
    '=': () => zoomBy(ZOOM_STEP),
    '-': () => zoomBy(1 / ZOOM_STEP),
    0: actions.rest,
    z: actions.toggleZoom,
    i: actions.toggleInfo,
    f: () => !isTrashed && actions.toggleFavourite(),
    A: () => !isTrashed && actions.archive(),
    D: actions.download,
    Delete: actions.remove,
    '#': actions.remove,
    r: () => isTrashed && actions.restore(),
    ' ': actions.playOrPause,
  }
  return keys[key]
}
