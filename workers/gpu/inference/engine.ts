import type { Log } from '#workers/runtime/log.ts'
import { ModelAbsentError, ModelRunError, PictureError } from './engine-errors.ts'
import type { Lane } from './lane.ts'
import { faceLane, imageLane, type LaneContext, textLane } from './lanes.ts'
import type { Task } from './messages.ts'
import { readDimension } from './model-dimension.ts'
import { startModelThread } from './model-thread.ts'
import { hasDirection } from './normalise.ts'
import { createProviderNotes } from './provider-notes.ts'
import { createSlots } from './slots.ts'

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
  task: Task
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
  /** What waits fails, what is computed is waited for, and all threads end. */
  close(): Promise<void>
}

/** Errors: engine-errors.ts. */
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
  /** What runs in threads, if not thread.ts. */
  threadFile?: URL
}

const IDLE_MS = 300_000
const PROVIDERS = ['cuda', 'cpu']

type OpenLane = { name: string; task: Task; threads(): number; provider(): string | undefined }

export function createEngine(options: EngineOptions): Engine {
  const { modelFolder, concurrency, idleMs = IDLE_MS, log, providers = PROVIDERS } = options
  const { threadFile } = options
  const notes = createProviderNotes(log)
  const pictureSlots = createSlots(concurrency)
  // A person waits for the answer to a query: it does not queue behind pictures.
  const textSlots = createSlots(1)
  const open = new Map<string, OpenLane & { close(reason: Error): Promise<void> }>()
  let trial: Promise<string> | undefined
  let closed: Error | undefined

  async function folderOf(name: string): Promise<string> {
    const folder = await modelFolder(name)
    if (!folder) throw new ModelAbsentError(`model ${name} is not here`)
    return folder
  }

  /** Opened by the first who needs it. What could not be opened is tried anew by the next. */
  function opener<T extends Task, Input>(
    task: T,
    openLane: (context: LaneContext) => Promise<Lane<T, Input>>,
  ) {
    const lanes = new Map<string, Promise<Lane<T, Input>>>()
    const slots = task === 'texts' ? textSlots : pictureSlots
    async function openNew(name: string): Promise<Lane<T, Input>> {
      const folder = await folderOf(name)
      const startThread = () => {
        log.info({ model: name, task }, 'a thread loads the model')
        const setup = { task, name, folder, providers }
        return startModelThread({
          setup,
          onProvider: notes.take,
          ...(threadFile && { file: threadFile }),
        })
      }
      const lane = await openLane({ name, folder, slots, idleMs, startThread })
      if (closed) throw closed
      open.set(`${task} ${name}`, { name, task, ...lane })
      return lane
    }
    return (name: string) => {
      const lane = lanes.get(name) ?? openNew(name)
      lanes.set(name, lane)
      lane.catch(() => lanes.delete(name))
      return lane
    }
  }
  const images = opener('images', imageLane)
  const texts = opener('texts', textLane)
  const faces = opener('faces', faceLane)

  return {
    async embedImages(model, pictures, { signal }) {
      const lane = await images(model)
      const inputs = pictures.map((bytes) => ({ bytes }))
      return (await lane.run(inputs, signal)).map(orPictureError).map(withDirection)
    },
    async embedTexts(model, queries, { language, signal }) {
      const lane = await texts(model)
      const inputs = queries.map((text) => ({ text, language }))
      return (await lane.run(inputs, signal)).map(orThrow)
    },
    async findFaces(model, pictures, { minScore, signal }) {
      const lane = await faces(model)
      const inputs = pictures.map((bytes) => ({ bytes, minScore }))
      return (await lane.run(inputs, signal)).map(orPictureError)
    },
    dimensionOf: async (kind, model) =>
      readDimension(kind, { model, folder: await folderOf(model) }),
    tryProviders() {
      trial ??= probe()
      return trial
    },
    provider: notes.chosen,
    loaded: () =>
      [...open.values()]
        .filter((lane) => lane.threads() > 0)
        .map((lane) => ({
          name: lane.name,
          task: lane.task,
          threads: lane.threads(),
          provider: lane.provider() ?? notes.chosen(),
        })),
    async close() {
      closed = new ModelRunError('the engine is closed')
      await Promise.all([...open.values()].map((lane) => lane.close(closed as Error)))
    },
  }

  async function probe() {
    const setup = { task: 'probe' as const, providers }
    const thread = startModelThread({ setup, onProvider: notes.take })
    try {
      return (await thread.loaded).provider
    } finally {
      await thread.end()
    }
  }
}

function orThrow<Result>(settled: PromiseSettledResult<Result>): Result {
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}

function orPictureError<Result>(settled: PromiseSettledResult<Result>): Result | PictureError {
  if (settled.status === 'rejected' && settled.reason instanceof PictureError) return settled.reason
  return orThrow(settled)
}

function withDirection(vector: Float32Array | PictureError): Float32Array | PictureError {
  if (vector instanceof PictureError || hasDirection(vector)) return vector
  return new PictureError('the model says nothing about this picture')
}
