// What SCRFD and RetinaFace answer, as InsightFace packs them: for each stride, a grid of cells with anchors at their
// corners; scores for all strides first, then boxes, then landmarks, told apart by their order alone. Distances are in
// strides from the anchor.
import type { Box } from './engine.ts'
import type { Output } from './session.ts'

export type DetectedFace = { box: Box; score: number; landmarks: [number, number][] }

type Grid = { stride: number; scores: Float32Array; boxes: Float32Array; points: Float32Array }

/** By how many outputs there are. */
const STRIDES: Record<number, number[]> = { 9: [8, 16, 32], 15: [8, 16, 32, 64, 128] }
const BOX_VALUES = 4
const LANDMARKS = 5
/** Boxes that share more than this are the same face. */
const SAME_FACE_OVERLAP = 0.4
/** More than a crowd has; a model gone wild would otherwise be compared pair by pair for minutes. */
const MOST_CANDIDATES = 3000

/** In pixels of the detection's input. Highest score first. */
export function facesFromOutputs(
  outputs: Output[],
  { edgePx, minScore }: { edgePx: number; minScore: number },
): DetectedFace[] {
  const candidates = gridsOf(outputs)
    .flatMap((grid) => candidatesIn(grid, { edgePx, minScore }))
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST_CANDIDATES)
  const faces: DetectedFace[] = []
  for (const candidate of candidates) {
    if (faces.every((face) => overlap(face.box, candidate.box) <= SAME_FACE_OVERLAP))
      faces.push(candidate)
  }
  return faces
}

function gridsOf(outputs: Output[]): Grid[] {
  const strides = STRIDES[outputs.length]
  if (!strides) throw new Error(`a detection with ${outputs.length} outputs is not known`)
  const part = (kind: number, index: number) =>
    outputs[kind * strides.length + index]?.values ?? new Float32Array()
  return strides.map((stride, index) => ({
    stride,
    scores: part(0, index),
    boxes: part(1, index),
    points: part(2, index),
  }))
}

function candidatesIn(
  { stride, scores, boxes, points }: Grid,
  { edgePx, minScore }: { edgePx: number; minScore: number },
): DetectedFace[] {
  const cellsPerRow = Math.ceil(edgePx / stride)
  const anchors = scores.length / cellsPerRow ** 2
  const pointValues = LANDMARKS * 2
  if (
    !Number.isInteger(anchors) ||
    boxes.length !== scores.length * BOX_VALUES ||
    points.length !== scores.length * pointValues
  )
    throw new Error(`the outputs for stride ${stride} are not those of a face detection`)
  const faces: DetectedFace[] = []
  for (const [index, score] of scores.entries()) {
    if (!(score >= minScore)) continue
    const cell = Math.floor(index / anchors)
    const x = (cell % cellsPerRow) * stride
    const y = Math.floor(cell / cellsPerRow) * stride
    const at = (values: Float32Array, offset: number) => (values[offset] ?? 0) * stride
    const box = index * BOX_VALUES
    faces.push({
      score,
      box: {
        x1: x - at(boxes, box),
        y1: y - at(boxes, box + 1),
        x2: x + at(boxes, box + 2),
        y2: y + at(boxes, box + 3),
      },
      landmarks: Array.from({ length: LANDMARKS }, (_, point) => [
        x + at(points, index * pointValues + 2 * point),
        y + at(points, index * pointValues + 2 * point + 1),
      ]),
    })
  }
  return faces
}

/** Shared area by united area. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1)
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1)
  if (width <= 0 || height <= 0) return 0
  const shared = width * height
  return shared / (areaOf(a) + areaOf(b) - shared)
}

const areaOf = ({ x1, y1, x2, y2 }: Box) => (x2 - x1) * (y2 - y1)
