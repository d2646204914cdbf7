// Entry of a model's thread. Loading and running a model block JavaScript for up to seconds, so both happen here.
import { parentPort, workerData } from 'node:worker_threads'
import { releaseBytes } from '#workers/tools/release-bytes.ts'
import { loadImageModel } from './embed-images.ts'
import { loadTextModel } from './embed-texts.ts'
import { loadFaceModel } from './find-faces.ts'
import type { Batches, FromThread, Results, Task, ThreadSetup, ToThread } from './messages.ts'
import { probeModel } from './probe-model.ts'
import { openSession, type Session, UnusableModelError } from './session.ts'

/** A model that is ready to run. */
type Loaded<T extends Task> = {
  session: Session
  run(batch: Batches[T]): Promise<Results[T]>
  release(): Promise<unknown>
}

const port = parentPort
if (!port) throw new Error('this file is the entry of a thread')
const setup = workerData as ThreadSetup // the engine's, which wrote it
const send = (message: FromThread, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer)

const loading = load(setup)
// Batches may be waiting already: they are answered in order, one at a time.
let last: Promise<unknown> = loading

port.on('message', (message: ToThread) => {
  last = last.then(() => (message === 'end' ? end() : answer(message)))
})

async function load(setup: ThreadSetup) {
  try {
    const model = await loadTask(setup)
    const { provider, refusals } = model.session
    send({ type: 'loaded', provider, refusals })
    return model
  } catch (error) {
    const refusals = error instanceof UnusableModelError ? error.refusals : []
    send({ type: 'unusable', reason: reasonOf(error), refusals })
    return undefined
  }
}

async function loadTask(setup: ThreadSetup): Promise<Loaded<Task>> {
  if (setup.task === 'images') return forAnyBatch(await loadImageModel(setup))
  if (setup.task === 'texts') return forAnyBatch(await loadTextModel(setup))
  if (setup.task === 'faces') return forAnyBatch(await loadFaceModel(setup))
  const session = await openSession(probeModel, setup.providers)
  return { session, run: async () => [], release: session.release }
}

/** The engine sends a thread only what its model takes. */
function forAnyBatch<T extends Task>(model: Loaded<T>): Loaded<Task> {
  return model as Loaded<Task>
}

async function answer({ id, batch }: Exclude<ToThread, 'end'>) {
  const model = await loading
  try {
    if (!model) throw new Error('the model could not be loaded')
    const results = await model.run(batch)
    send({ type: 'done', id, results }, buffersOf(results))
  } catch (error) {
    send({ type: 'failed', id, reason: reasonOf(error) })
  }
  for (const values of pixelsIn(batch)) releaseBytes(new Uint8Array(values.buffer))
}

/** The engine has handed them over: nobody else has them. */
function pixelsIn(batch: Batches[Task]) {
  if ('values' in batch) return [batch.values]
  if ('pictures' in batch)
    return batch.pictures.flatMap(({ pixels, detectionInput }) => [pixels, detectionInput])
  return []
}

function buffersOf(results: Results[Task]): ArrayBuffer[] {
  return results
    .flatMap((result) =>
      result instanceof Float32Array ? [result] : result.faces.map(({ embedding }) => embedding),
    )
    .map(({ buffer }) => buffer)
    .filter((buffer) => buffer instanceof ArrayBuffer)
}

async function end() {
  await (await loading)?.release()
  port?.close()
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
