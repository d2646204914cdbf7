import { expect, test } from 'vitest'
import { FACE_EDGE_PX, similarityBetween, writeAlignedFace } from './align-face.ts'
import { facesFromOutputs } from './detected-faces.ts'

const EXPECTED: [number, number][] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
]

test('a turned, scaled and shifted set of points gives the turn, scale and shift back', () => {
  const [turn, scale] = [0.7, 2.5]
  const a = scale * Math.cos(turn)
  const b = scale * Math.sin(turn)
  const moved = EXPECTED.map(([x, y]): [number, number] => [a * x - b * y + 30, b * x + a * y - 12])

  const found = similarityBetween(EXPECTED, moved)

  expect([found.a, found.b, found.dx, found.dy].map((value) => value.toFixed(6))).toEqual(
    [a, b, 30, -12].map((value) => value.toFixed(6)),
  )
})

test('points in one place give no face that is not a number', () => {
  const values = new Float32Array(3 * FACE_EDGE_PX ** 2)
  const picture = { pixels: new Uint8Array(300).fill(255), width: 10, height: 10 }

  writeAlignedFace(picture, new Array<[number, number]>(5).fill([5, 5]), {
    ...{ values, offset: 0, mean: 127.5, std: 127.5 },
  })

  expect(values.every(Number.isFinite)).toBe(true)
})

test('a face is brought to its place, between pixels too, and outside the picture is black', () => {
  const [width, height] = [200, 150]
  const pixels = new Uint8Array(width * height * 3)
  // Red grows to the right, green downwards.
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) pixels.set([x, y, 0], (y * width + x) * 3)
  const landmarks = EXPECTED.map(([x, y]): [number, number] => [x + 120.25, y + 10.5])
  const values = new Float32Array(3 * FACE_EDGE_PX ** 2)

  writeAlignedFace({ pixels, width, height }, landmarks, { values, offset: 0, mean: 0, std: 1 })

  const at = (x: number, y: number) => [
    values[y * FACE_EDGE_PX + x],
    values[FACE_EDGE_PX ** 2 + y * FACE_EDGE_PX + x],
  ]
  expect(at(10, 20)[0]).toBeCloseTo(130.25, 3)
  expect(at(10, 20)[1]).toBeCloseTo(30.5, 3)
  expect(at(100, 20)).toEqual([0, 0])
})

test('boxes that overlap are one face, the surest of them', () => {
  const outputs = emptyOutputs()
  place(outputs, { cell: 10 * 80 + 10, score: 0.8 })
  place(outputs, { cell: 10 * 80 + 11, score: 0.9 })
  place(outputs, { cell: 40 * 80 + 40, score: 0.75 })
  place(outputs, { cell: 60 * 80 + 60, score: 0.5 })

  const faces = facesFromOutputs(outputs, { edgePx: 640, minScore: 0.7 })

  expect(faces.map(({ score }) => Number(score.toFixed(2)))).toEqual([0.9, 0.75])
  expect(faces[0]?.box).toEqual({ x1: 88 - 40, y1: 80 - 40, x2: 88 + 40, y2: 80 + 40 })
})

test('outputs of another kind of model are refused', () => {
  const outputs = emptyOutputs()

  expect(() => facesFromOutputs(outputs.slice(1), { edgePx: 640, minScore: 0.7 })).toThrow(
    '8 outputs',
  )
  expect(() => facesFromOutputs(outputs.toReversed(), { edgePx: 640, minScore: 0.7 })).toThrow(
    'not those of a face detection',
  )
})

function emptyOutputs() {
  return [1, 4, 10].flatMap((values) =>
    [8, 16, 32].map((stride) => {
      const anchors = 2 * (640 / stride) ** 2
      return { values: new Float32Array(anchors * values), shape: [anchors, values] }
    }),
  )
}

/** A box of 80 pixels around the second anchor of a cell of stride 8. */
function place(
  outputs: ReturnType<typeof emptyOutputs>,
  { cell, score }: { cell: number; score: number },
) {
  const anchor = 2 * cell + 1
  outputs[0]?.values.set([score], anchor)
  outputs[3]?.values.set([5, 5, 5, 5], anchor * 4)
}
