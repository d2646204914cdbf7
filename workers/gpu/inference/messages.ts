import type { PictureFaces } from './engine.ts'

export type Task = 'images' | 'texts' | 'faces'

/** What a thread is started with: one model for one task, for as long as it lives. */
export type ThreadSetup =
  | { task: Task; name: string; folder: string; providers: string[] }
  /** Tries the providers with a model of a hundred bytes, and ends. */
  | { task: 'probe'; providers: string[] }

/** Pictures one after the other as the model takes them: normalised, channel by channel. */
export type ImageBatch = { values: Float32Array; count: number; width: number; height: number }

export type TextBatch = { texts: { text: string; language: string | undefined }[] }

export type FacePicture = {
  /** The picture as the detection takes it: scaled to fit, at the top left of a square. */
  detectionInput: Float32Array
  /** Pixels of that square for one of the picture. */
  scale: number
  /** RGB, all of the picture, for cutting the faces out. */
  pixels: Uint8Array
  width: number
  height: number
  minScore: number
}
export type FaceBatch = { pictures: FacePicture[] }

export type Batches = { images: ImageBatch; texts: TextBatch; faces: FaceBatch }
/** One for each picture or text of the batch, in order. */
export type Results = { images: Float32Array[]; texts: Float32Array[]; faces: PictureFaces[] }

/** `end`: release the model and exit. */
export type ToThread = { id: number; batch: Batches[Task] } | 'end'

export type FromThread =
  | { type: 'loaded'; provider: string; refusals: Refusal[] }
  | { type: 'unusable'; reason: string; refusals: Refusal[] }
  | { type: 'done'; id: number; results: Results[Task] }
  | { type: 'failed'; id: number; reason: string }

/** Why a provider was not taken. */
export type Refusal = { provider: string; reason: string }
