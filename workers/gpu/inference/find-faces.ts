import { join } from 'node:path'
import { FACE_EDGE_PX, writeAlignedFace } from './align-face.ts'
import { type DetectedFace, facesFromOutputs } from './detected-faces.ts'
import { DETECTION_EDGE_PX } from './detection-input.ts'
import type { Box, FoundFace, PictureFaces } from './engine.ts'
import { readGraphFacts } from './graph-facts.ts'
import type { FaceBatch, FacePicture } from './messages.ts'
import { hasDirection, normalisedRows } from './normalise.ts'
import { openSession, type Session, UnusableModelError } from './session.ts'

type Setup = { folder: string; providers: string[] }
type Normalising = { mean: number; std: number }

const FACE_VALUES = 3 * FACE_EDGE_PX * FACE_EDGE_PX
/** Of a picture of a crowd, so many at a time: memory stays bounded. */
const FACES_PER_RUN = 32

/** Detection and recognition of InsightFace's packs. Runs in a thread. */
export async function loadFaceModel({ folder, providers }: Setup) {
  const detection = await openSession(join(folder, 'detection/model.onnx'), providers)
  const recognitionPath = join(folder, 'recognition/model.onnx')
  const recognition = await openSession(recognitionPath, providers)
  checkDetectionSize(detection)
  const normalising = normalisingOf(recognitionPath)
  return {
    session: recognition,
    run: async ({ pictures }: FaceBatch): Promise<PictureFaces[]> => {
      const detected: DetectedFace[][] = []
      for (const picture of pictures) detected.push(await detect(detection, picture))
      const faces = detected.flatMap((found, index) =>
        found.map(({ landmarks }) => ({ picture: pictures[index], landmarks })),
      )
      const embeddings: Float32Array[] = []
      for (let first = 0; first < faces.length; first += FACES_PER_RUN) {
        const some = faces.slice(first, first + FACES_PER_RUN)
        embeddings.push(...(await recognise(recognition, some, normalising)))
      }
      return pictures.map(({ width, height }, index) => ({
        width,
        height,
        faces: withEmbeddings(detected[index] ?? [], embeddings),
      }))
    },
    release: async () => {
      await detection.release()
      await recognition.release()
    },
  }
}

function checkDetectionSize({ inputs, refusals }: Session) {
  const fixed = inputs[0]?.shape.slice(2).filter((size) => typeof size === 'number') ?? []
  if (fixed.some((size) => size !== DETECTION_EDGE_PX))
    throw new UnusableModelError(`the detection wants pictures of ${fixed.join(' by ')}`, refusals)
}

/**
 * Older exports normalise in the graph, which then begins with a subtraction and a multiplication, and take 0..255;
 * all others take -1..1. The file says nothing else about it.
 */
function normalisingOf(recognitionPath: string): Normalising {
  const { firstOperations } = readGraphFacts(recognitionPath)
  const isInside = firstOperations.includes('Sub') && firstOperations.includes('Mul')
  return isInside ? { mean: 0, std: 1 } : { mean: 127.5, std: 127.5 }
}

/** In pixels of the picture, cut at its edges. */
async function detect(
  { inputs, run }: Session,
  { detectionInput, scale, width, height, minScore }: FacePicture,
): Promise<DetectedFace[]> {
  const rowShape = [3, DETECTION_EDGE_PX, DETECTION_EDGE_PX]
  const outputs = await run({ [inputs[0]?.name ?? '']: { values: detectionInput, rowShape } }, 1)
  return facesFromOutputs(outputs, { edgePx: DETECTION_EDGE_PX, minScore })
    .map(({ box, score, landmarks }) => ({
      score,
      box: cutAt({ width, height }, scaled(box, 1 / scale)),
      landmarks: landmarks.map(([x, y]): [number, number] => [x / scale, y / scale]),
    }))
    .filter(({ box }) => box.x2 > box.x1 && box.y2 > box.y1)
}

const scaled = ({ x1, y1, x2, y2 }: Box, factor: number): Box => ({
  x1: x1 * factor,
  y1: y1 * factor,
  x2: x2 * factor,
  y2: y2 * factor,
})

const cutAt = ({ width, height }: { width: number; height: number }, box: Box): Box => ({
  x1: Math.max(0, box.x1),
  y1: Math.max(0, box.y1),
  x2: Math.min(width, box.x2),
  y2: Math.min(height, box.y2),
})

type FaceInPicture = { picture: FacePicture | undefined; landmarks: [number, number][] }

async function recognise(
  { inputs, run }: Session,
  faces: FaceInPicture[],
  normalising: Normalising,
): Promise<Float32Array[]> {
  const values = new Float32Array(faces.length * FACE_VALUES)
  for (const [index, { picture, landmarks }] of faces.entries()) {
    if (picture)
      writeAlignedFace(picture, landmarks, { values, offset: index * FACE_VALUES, ...normalising })
  }
  const rowShape = [3, FACE_EDGE_PX, FACE_EDGE_PX]
  const input = { [inputs[0]?.name ?? '']: { values, rowShape } }
  const [output] = await run(input, faces.length)
  if (!output) throw new Error('the recognition has no output')
  return normalisedRows(output, faces.length)
}

/** Takes its own from the front. A face that says nothing about its person is left out. */
function withEmbeddings(found: DetectedFace[], embeddings: Float32Array[]): FoundFace[] {
  return embeddings.splice(0, found.length).flatMap((embedding, index) => {
    const face = found[index]
    return face && hasDirection(embedding) ? [{ ...face, embedding }] : []
  })
}
