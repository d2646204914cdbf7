import type { Log } from '#workers/runtime/log.ts'
import type { ModelKind } from './inference/engine.ts'

/** What is known of a model before it is here. */
export type ModelFacts = { sizeBytes: number; licence: string }
export type Progress = { doneBytes: number; totalBytes: number }

/** Where models lie and come from. */
export type ModelStore = {
  /** The folder with all of a model's files; undefined: not here. */
  find(kind: ModelKind, name: string): Promise<string | undefined>
  /** Undefined when no hub is set or it does not have the model. */
  describe(kind: ModelKind, name: string): Promise<ModelFacts | undefined>
  fetch(
    kind: ModelKind,
    name: string,
    options: { onProgress: (progress: Progress) => void; signal: AbortSignal },
  ): Promise<void>
}

export type ModelState = {
  kind: ModelKind
  name: string
  state: 'ready' | 'absent' | 'needs-acceptance' | 'fetching' | 'failed'
  /** Why it is not ready, in words for an administrator. */
  reason: string | null
  sizeBytes: number | null
  licence: string | null
  /** 0 to 1, while it is fetched. */
  progress: number | null
}

type Entry = ModelState & { retryAt: number; fetching: boolean }
type Options = { store: ModelStore; log: Log; clock: () => number; retryMs: number }

export type ModelStates = ReturnType<typeof createModelStates>

/** Looks whether models are here, and fetches those that were agreed to. */
export function createModelStates({ store, log, clock, retryMs }: Options) {
  const entries = new Map<string, Entry>()
  const fetches = new Set<Promise<void>>()
  const stopping = new AbortController()

  function entryOf(kind: ModelKind, name: string): Entry {
    const key = `${kind} ${name}`
    const entry = entries.get(key) ?? {
      kind,
      name,
      state: 'absent',
      reason: null,
      sizeBytes: null,
      licence: null,
      progress: null,
      retryAt: 0,
      fetching: false,
    }
    entries.set(key, entry)
    return entry
  }

  function fail(entry: Entry, error: unknown) {
    const reason = error instanceof Error ? error.message : String(error)
    Object.assign(entry, { state: 'failed', reason, progress: null, retryAt: clock() + retryMs })
  }

  /** A size and a licence are asked for once; a hub that does not know or does not answer is asked again later. */
  async function describe(entry: Entry) {
    if (entry.sizeBytes !== null || clock() < entry.retryAt) return
    try {
      const facts = await store.describe(entry.kind, entry.name)
      if (facts) return Object.assign(entry, facts)
      entry.reason = 'The model is not in MODELS_DIR, and no hub offers it.'
    } catch (error) {
      log.warn({ err: error, model: entry.name }, 'the hub does not say what the model is')
      entry.reason = `The model is not in MODELS_DIR: ${error instanceof Error ? error.message : error}`
    }
    entry.retryAt = clock() + retryMs
  }

  async function fetchModel(entry: Entry) {
    Object.assign(entry, { fetching: true, state: 'fetching', reason: null, progress: 0 })
    log.info({ model: entry.name }, 'fetching a model')
    try {
      const onProgress = ({ doneBytes, totalBytes }: Progress) => {
        entry.progress = totalBytes > 0 ? doneBytes / totalBytes : 0
      }
      await store.fetch(entry.kind, entry.name, { onProgress, signal: stopping.signal })
      Object.assign(entry, { state: 'ready', progress: null })
      log.info({ model: entry.name }, 'the model is here')
    } catch (error) {
      if (!stopping.signal.aborted)
        log.error({ err: error, model: entry.name }, 'the model could not be fetched')
      fail(entry, error)
    } finally {
      entry.fetching = false
    }
  }

  /**
   * Looks again. An absent model that was agreed to begins to come. One that failed may be tried; to everybody else it
   * has failed until it is accepted.
   */
  async function look(
    { kind, name }: { kind: ModelKind; name: string },
    { isAccepted }: { isAccepted: boolean },
  ): Promise<ModelState> {
    const entry = entryOf(kind, name)
    if (entry.fetching) return entry
    if (entry.state === 'failed' && clock() < entry.retryAt) return entry
    if (await store.find(kind, name)) {
      if (entry.state === 'failed') return { ...entry, state: 'ready' }
      Object.assign(entry, { state: 'ready', reason: null, progress: null })
      return entry
    }
    await describe(entry)
    if (entry.sizeBytes === null) {
      entry.state = 'absent'
    } else if (!isAccepted) {
      const reason = 'The model has to be agreed to before it is fetched.'
      Object.assign(entry, { state: 'needs-acceptance', reason })
    } else {
      const fetching = fetchModel(entry)
      fetches.add(fetching)
      fetching.finally(() => fetches.delete(fetching))
    }
    return entry
  }

  return {
    look,
    /** The files are here and cannot be used; they are tried again after a while. */
    note: (kind: ModelKind, name: string, error: Error) => fail(entryOf(kind, name), error),
    /** The files are those of the model that is needed, unless something was noted while they were looked at. */
    accept(kind: ModelKind, name: string) {
      const entry = entryOf(kind, name)
      if (entry.state === 'failed' && clock() >= entry.retryAt)
        Object.assign(entry, { state: 'ready', reason: null })
    },
    stateOf: (kind: ModelKind, name: string): ModelState => entryOf(kind, name),
    async stop() {
      stopping.abort(new Error('shutting down'))
      await Promise.allSettled(fetches)
    },
  }
}
