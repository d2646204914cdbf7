import { expect, test } from 'vitest'
import { unwrapLines, unwrapPolygons } from './unwrap.ts'

test('a ring across the 180th meridian goes on beyond it', () => {
  const ring = [
    [179, 0],
    [-179, 0],
    [-179, 1],
    [179, 1],
    [179, 0],
  ]

  expect(unwrapPolygons({ type: 'Polygon', coordinates: [ring] }).coordinates[0]?.[0]).toEqual([
    [179, 0],
    [181, 0],
    [181, 1],
    [179, 1],
    [179, 0],
  ])
})

test('a ring around a pole is closed along it', () => {
  const ring = [
    [0, -70],
    [120, -70],
    [-120, -70],
    [0, -70],
  ]

  expect(unwrapPolygons({ type: 'Polygon', coordinates: [ring] }).coordinates[0]?.[0]).toEqual([
    [0, -70],
    [120, -70],
    [240, -70],
    [360, -70],
    [360, -85.05],
    [0, -85.05],
    [0, -70],
  ])
})

test('what crosses nothing stays as it is', () => {
  const lines = {
    type: 'MultiLineString' as const,
    coordinates: [
      [
        [10, 50],
        [11, 51],
      ],
    ],
  }

  expect(unwrapLines(lines)).toEqual(lines)
})
