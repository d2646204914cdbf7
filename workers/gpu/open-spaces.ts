import type { VectorSpace } from '#db/queries/vector-spaces.ts'
import type { ModelKind } from './inference/engine.ts'
import { ModelAbsentError, ModelLoadError } from './inference/engine-errors.ts'

/** The spaces that vectors are written into now; none, and why, while a kind has to wait. */
type Opening = { spaces: VectorSpace[]; reason: string }

/** The model cannot be used for the time being: the job looks again which spaces are open. */
export class ModelUnusableError extends Error {
  override readonly name = 'ModelUnusableError'
}

type UsedModel = Pick<VectorSpace, 'kind' | 'model'>
type Options = { onFault: (kind: ModelKind, model: string, error: Error) => void }

export type OpenSpaces = ReturnType<typeof createOpenSpaces>

/**
 * What jobs know of models: into which spaces to write. Jobs of a kind that has none wait here, the few that BullMQ
 * had handed out before its queue was left alone.
 */
export function createOpenSpaces({ onFault }: Options) {
  const openings = new Map<ModelKind, Opening>()
  let changed = Promise.withResolvers<void>()

  const openingOf = (kind: ModelKind): Opening =>
    openings.get(kind) ?? { spaces: [], reason: 'The worker is starting' }

  function set(kind: ModelKind, opening: Opening) {
    openings.set(kind, opening)
    changed.resolve()
    changed = Promise.withResolvers()
  }

  async function wait(kind: ModelKind, signal: AbortSignal): Promise<VectorSpace[]> {
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => aborted.reject(signal.reason)
    aborted.promise.catch(() => {})
    signal.addEventListener('abort', onAbort)
    try {
      while (openingOf(kind).spaces.length === 0) {
        signal.throwIfAborted()
        await Promise.race([changed.promise, aborted.promise])
      }
      return openingOf(kind).spaces
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Runs a model. One whose files are gone or broken closes its space until they are looked at again. */
  async function use<T>({ kind, model }: UsedModel, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ModelAbsentError || error instanceof ModelLoadError)) throw error
      const rest = openingOf(kind).spaces.filter((space) => space.model !== model)
      set(kind, { spaces: rest, reason: error.message })
      onFault(kind, model, error)
      throw new ModelUnusableError(error.message, { cause: error })
    }
  }

  /** Gives the work the open spaces, and gives it others when a model turns out to be unusable. */
  async function withSpaces(
    { kind, signal }: { kind: ModelKind; signal: AbortSignal },
    work: (spaces: VectorSpace[]) => Promise<void>,
  ): Promise<void> {
    for (;;) {
      try {
        return await work(await wait(kind, signal))
      } catch (error) {
        if (!(error instanceof ModelUnusableError)) throw error
      }
    }
  }

  return { openingOf, set, use, withSpaces }
}
