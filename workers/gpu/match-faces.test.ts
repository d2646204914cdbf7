import { expect, test } from 'vitest'
import type { FaceId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import type { StoredFace } from '#db/queries/model-work.ts'
import type { FoundFace } from './inference/engine.ts'
import { matchFaces } from './match-faces.ts'

const found = (x1: number, y1: number, x2: number, y2: number): FoundFace => ({
  box: { x1, y1, x2, y2 },
  score: 0.9,
  landmarks: [],
  embedding: new Float32Array(),
})
const stored = (x1: number, y1: number, x2: number, y2: number, edge = 1000): StoredFace => ({
  id: newId<FaceId>(),
  imageWidth: edge,
  imageHeight: edge,
  boundingBoxX1: x1,
  boundingBoxY1: y1,
  boundingBoxX2: x2,
  boundingBoxY2: y2,
  deletedAt: null,
})
const match = (faces: FoundFace[], known: StoredFace[]) =>
  matchFaces({ faces, width: 1000, height: 1000 }, known)

test('boxes with more than half in common are one face, also in a picture of another size', () => {
  const face = found(100, 100, 200, 200)
  const near = stored(55, 55, 105, 105, 500)

  const { matched, added, lost } = match([face], [near])

  expect(matched).toEqual([{ found: face, stored: near }])
  expect([added, lost]).toEqual([[], []])
})

test('less than half in common are two faces', () => {
  const face = found(100, 100, 200, 200)
  const other = stored(150, 150, 250, 250)

  expect(match([face], [other])).toEqual({ matched: [], added: [face], lost: [other] })
})

test('each face is matched once, with the one it has most in common with', () => {
  const left = found(100, 100, 200, 200)
  const right = found(120, 100, 220, 200)
  const known = stored(118, 100, 218, 200)

  const { matched, added } = match([left, right], [known])

  expect(matched).toEqual([{ found: right, stored: known }])
  expect(added).toEqual([left])
})
