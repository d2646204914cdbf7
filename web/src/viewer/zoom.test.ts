import { expect, test } from 'vitest'
import {
  AT_REST,
  clampView,
  fitInto,
  maxScaleFor,
  panBy,
  toggleZoom,
  wheelFactor,
  zoomAt,
} from './zoom.ts'

const bounds = {
  stage: { width: 1000, height: 800 },
  picture: { width: 1000, height: 500 },
  maxScale: 8,
}

test.each([
  [2, { width: 1000, height: 500 }],
  [0.5, { width: 400, height: 800 }],
  [0, { width: 800, height: 800 }],
])('a picture of ratio %d fits into the stage', (ratio, size) => {
  expect(fitInto(bounds.stage, ratio)).toEqual(size)
})

test('what lies under the pointer stays under it', () => {
  const point = { x: 200, y: 0 }

  const view = zoomAt(AT_REST, 2, point, bounds)

  // The point 200 px right of the middle was 200 px from the picture's middle, and is now 400 px from it.
  expect(view.x + (200 - 0) * view.scale).toBeCloseTo(200 - 0 + view.x + 200 * (view.scale - 1))
  expect(view).toEqual({ scale: 2, x: -200, y: 0 })
})

test('the picture cannot be pushed off the stage', () => {
  const zoomed = { scale: 2, x: 0, y: 0 }

  expect(panBy(zoomed, { x: 9_000, y: 9_000 }, bounds)).toEqual({ scale: 2, x: 500, y: 100 })
})

test('zooming out ends at the whole picture in the middle', () => {
  expect(zoomAt({ scale: 1.2, x: 80, y: 0 }, 0.5, { x: 0, y: 0 }, bounds)).toEqual(AT_REST)
})

test('there is an end to zooming in', () => {
  expect(clampView({ scale: 99, x: 0, y: 0 }, bounds).scale).toBe(8)
})

test('a double click zooms in, the next one out', () => {
  const once = toggleZoom(AT_REST, { x: 0, y: 0 }, bounds)

  expect(once.scale).toBe(2.5)
  expect(toggleZoom(once, { x: 0, y: 0 }, bounds)).toEqual(AT_REST)
})

test('a wheel turned up enlarges, and a pinch on a touch pad is stronger per step', () => {
  const notch = wheelFactor({ deltaY: -100, deltaMode: 0, ctrlKey: false })
  const pinch = wheelFactor({ deltaY: -10, deltaMode: 0, ctrlKey: true })

  expect(notch).toBeGreaterThan(1.2)
  expect(pinch).toBeGreaterThan(1.05)
})

test('large originals may be enlarged to twice their own pixels', () => {
  expect(maxScaleFor(8000, 1000)).toBe(16)
  expect(maxScaleFor(800, 1000)).toBe(4)
  expect(maxScaleFor(null, 1000)).toBe(6)
})
