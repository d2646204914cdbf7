import type { Log } from '#workers/runtime/log.ts'

/** What a model computes: pictures and words in one space, or the faces in a picture. */
export type ModelKind = 'clip' | 'face'

export type Box = { x1: number; y1: number; x2: number; y2: number }

export type FoundFace = {
  /** In pixels of the picture that was given, upright, cut at its edges. */
  box: Box
  /** 0 to 1. */
  score: number
  /** Eyes, nose, corners of the mouth: five points, x and y, in pixels of the picture. */
  landmarks: [number, number][]
  /** L2-normalised. */
  embedding: Float32Array
}

export type PictureFaces = {
  width: number
  height: number
  /** Highest score first. */
  faces: FoundFace[]
}

export type LoadedModel = {
  name: string
  task: 'images' | 'texts' | 'faces'
  /** How many threads hold a copy. */
  threads: number
  provider: string
}

/**
 * Models behind functions. Pictures of calls that are under way at the same time are computed in one batch, so a
 * caller that has one picture per job loses nothing by asking for one at a time, if it asks for many at once.
 *
 * A picture that cannot be read gives a PictureError in its place. Everything else rejects the call: ModelAbsentError
 * (no such folder, or files missing), ModelLoadError (the files are no model that runs here), ModelRunError (a batch
 * failed or its thread died), or the signal's reason.
 */
export type Engine = {
  /** Encoded pictures (JPEG, WebP, …; previews). L2-normalised vectors, in order. */
  embedImages(
    model: string,
    pictures: Uint8Array[],
    options: { signal: AbortSignal },
  ): Promise<(Float32Array | PictureError)[]>
  /** L2-normalised vectors. The language, as an IETF tag, matters to some multilingual models. */
  embedTexts(
    model: string,
    texts: string[],
    options: { language?: string | undefined; signal: AbortSignal },
  ): Promise<Float32Array[]>
  findFaces(
    model: string,
    pictures: Uint8Array[],
    options: { minScore: number; signal: AbortSignal },
  ): Promise<(PictureFaces | PictureError)[]>
  /** How long the model's vectors are: from its files, loading no model. */
  dimensionOf(kind: ModelKind, model: string): Promise<number>
  /** Tries what this machine has, once; later calls answer at once. */
  tryProviders(): Promise<string>
  /** `cuda` or `cpu`; `untried` until the first model or tryProviders. */
  provider(): string
  loaded(): LoadedModel[]
  /** What is under way fails; all threads end. */
  close(): Promise<void>
}

export type EngineOptions = {
  /** The folder with a model's files; undefined: not here. */
  modelFolder: (name: string) => Promise<string | undefined>
  /** Batches of pictures computed at the same time, each on a thread of its own. */
  concurrency: number
  /** A model that nobody used for so long is unloaded. */
  idleMs?: number
  log: Pick<Log, 'info' | 'warn' | 'error'>
  /** Tried in this order. */
  providers?: string[]
}

/** This picture cannot be computed, however often it is tried. */
export class PictureError extends Error {
  override name = 'PictureError'
}

/** The model's files are not here. */
export class ModelAbsentError extends Error {
  override name = 'ModelAbsentError'
}

/** The model's files are here, and cannot be used. */
export class ModelLoadError extends Error {
  override name = 'ModelLoadError'
}

/** The model failed, or its thread died, while it computed. */
export class ModelRunError extends Error {
  override name = 'ModelRunError'
}

export declare function createEngine(options: EngineOptions): Engine
