export type Size = { width: number; height: number }
export type Point = { x: number; y: number }

/** How the picture is shown: enlarged by `scale`, its middle moved from the middle of the stage. */
export type View = { scale: number; x: number; y: number }

export type Bounds = { stage: Size; picture: Size; maxScale: number }

export const AT_REST: View = { scale: 1, x: 0, y: 0 }

/** The largest size with this ratio that fits into the stage. */
export function fitInto(stage: Size, ratio: number): Size {
  const known = ratio > 0 ? ratio : 1
  const width = Math.min(stage.width, stage.height * known)
  return { width, height: width / known }
}

export function clampView(view: View, { stage, picture, maxScale }: Bounds): View {
  const scale = Math.min(maxScale, Math.max(1, view.scale))
  if (scale === 1) return AT_REST
  const roomX = Math.max(0, (picture.width * scale - stage.width) / 2)
  const roomY = Math.max(0, (picture.height * scale - stage.height) / 2)
  return {
    scale,
    x: Math.min(roomX, Math.max(-roomX, view.x)),
    y: Math.min(roomY, Math.max(-roomY, view.y)),
  }
}

/** Enlarges by a factor so that what lies under `point` (from the middle of the stage) stays under it. */
export function zoomAt(view: View, factor: number, point: Point, bounds: Bounds): View {
  const scale = Math.min(bounds.maxScale, Math.max(1, view.scale * factor))
  const applied = scale / view.scale
  return clampView(
    {
      scale,
      x: point.x - (point.x - view.x) * applied,
      y: point.y - (point.y - view.y) * applied,
    },
    bounds,
  )
}

export function panBy(view: View, by: Point, bounds: Bounds): View {
  return clampView({ ...view, x: view.x + by.x, y: view.y + by.y }, bounds)
}

const FIRST_STEP = 2.5

/** A double click: as far in as is useful, or back to the whole picture. */
export function toggleZoom(view: View, point: Point, bounds: Bounds): View {
  if (view.scale > 1) return AT_REST
  const filling = Math.max(
    bounds.stage.width / bounds.picture.width,
    bounds.stage.height / bounds.picture.height,
  )
  return zoomAt(view, Math.max(FIRST_STEP, filling), point, bounds)
}

/** One notch of a wheel and the fine steps of a touch pad feel alike. */
export function wheelFactor(event: {
  deltaY: number
  deltaMode: number
  ctrlKey: boolean
}): number {
  const linePx = event.deltaMode === 1 ? 16 : 1
  const strength = event.ctrlKey ? 0.01 : 0.0022
  return Math.exp(-event.deltaY * linePx * strength)
}

/** Twice the picture's own pixels, and at least four times the fitted size. */
export function maxScaleFor(pixelsWide: number | null | undefined, fittedWidth: number): number {
  if (!pixelsWide || !(fittedWidth > 0)) return 6
  return Math.max(4, (pixelsWide / fittedWidth) * 2)
}
