import { ModelAbsentError, ModelLoadError } from './engine-errors.ts'
import { createLane, type Lane } from './lane.ts'
import type { FacePicture, ImageBatch, Task } from './messages.ts'
import type { ModelThread } from './model-thread.ts'
import { prepareForClip, prepareForFaces } from './prepare-picture.ts'
import { type Preprocessing, readPreprocessing } from './preprocessing.ts'
import type { Slots } from './slots.ts'

export type LaneContext = {
  name: string
  folder: string
  slots: Slots
  idleMs: number
  startThread: () => ModelThread
}

type ImageInput = { bytes: Uint8Array }
type TextInput = { text: string; language: string | undefined }
type FaceInput = { bytes: Uint8Array; minScore: number }

/** On a CPU a batch saves little, and holds up whoever comes next; a GPU starves without. */
const BATCH_SIZES = {
  images: { cpu: 8, gpu: 32 },
  faces: { cpu: 2, gpu: 8 },
  texts: { cpu: 16, gpu: 64 },
} satisfies Record<Task, { cpu: number; gpu: number }>

const batchSizeOf = (task: Task) => (provider: string | undefined) =>
  BATCH_SIZES[task][provider === undefined || provider === 'cpu' ? 'cpu' : 'gpu']

export async function imageLane(context: LaneContext): Promise<Lane<'images', ImageInput>> {
  const preprocessing = await preprocessingOf(context)
  return createLane<'images', ImageInput, Float32Array>({
    ...context,
    batchSize: batchSizeOf('images'),
    prepare: ({ bytes }) => prepareForClip(bytes, preprocessing),
    assemble: (pictures) => {
      const batch = inOneBatch(pictures, preprocessing)
      return { batch, transfer: [batch.values.buffer as ArrayBuffer] } // made here, not shared
    },
  })
}

export async function textLane(context: LaneContext): Promise<Lane<'texts', TextInput>> {
  return createLane<'texts', TextInput, TextInput>({
    ...context,
    batchSize: batchSizeOf('texts'),
    prepare: async (input) => input,
    assemble: (texts) => ({ batch: { texts }, transfer: [] }),
  })
}

export async function faceLane(context: LaneContext): Promise<Lane<'faces', FaceInput>> {
  return createLane<'faces', FaceInput, FacePicture>({
    ...context,
    batchSize: batchSizeOf('faces'),
    prepare: async ({ bytes, minScore }) => ({ ...(await prepareForFaces(bytes)), minScore }),
    assemble: (pictures) => ({
      batch: { pictures },
      transfer: pictures.flatMap(({ pixels, detectionInput }) =>
        [pixels.buffer, detectionInput.buffer].filter((buffer) => buffer instanceof ArrayBuffer),
      ),
    }),
  })
}

async function preprocessingOf({ name, folder }: LaneContext): Promise<Preprocessing> {
  try {
    return await readPreprocessing(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new ModelAbsentError(`model ${name} lacks a file: ${error.message}`, { cause: error })
    throw new ModelLoadError(`model ${name} says not how pictures are prepared`, { cause: error })
  }
}

function inOneBatch(pictures: Float32Array[], { width, height }: Preprocessing): ImageBatch {
  const [first] = pictures
  const count = pictures.length
  if (first && count === 1) return { values: first, count, width, height }
  const length = 3 * width * height
  const values = new Float32Array(count * length)
  for (const [index, picture] of pictures.entries()) values.set(picture, index * length)
  return { values, count, width, height }
}
