import { Worker } from 'node:worker_threads'
import { BatchError, ModelLoadError, ModelRunError } from './engine-errors.ts'
import type {
  Batches,
  FromThread,
  Refusal,
  Results,
  Task,
  ThreadSetup,
  ToThread,
} from './messages.ts'
import { threadFile } from './thread-file.ts'

export type ModelThread = {
  /** Rejects if the model cannot be loaded; the thread has ended then. */
  loaded: Promise<{ provider: string }>
  /** However it ended. */
  ended: Promise<void>
  /** False once it has failed, before it has ended. */
  isUsable(): boolean
  run<T extends Task>(batch: Batches[T], transfer: ArrayBuffer[]): Promise<Results[T]>
  /** Lets the model go and ends; what is under way is waited for. */
  end(): Promise<void>
}

type Options = {
  setup: ThreadSetup
  /** The code that it runs. */
  file?: URL
  /** Both providers that were taken and those that were not. */
  onProvider: (provider: string | undefined, refusals: Refusal[]) => void
}

/** The run of a native library has no way to be stopped; past this the thread is cut off. */
const END_TIMEOUT_MS = 10_000

type Waiting = {
  resolve: (results: Results[Task]) => void
  reject: (error: Error) => void
}

export function startModelThread({ setup, file = threadFile, onProvider }: Options): ModelThread {
  const title = 'name' in setup ? `${setup.name} (${setup.task})` : setup.task
  // Nothing of this process's own arguments is meant for the thread, and no secret of its environment.
  const worker = new Worker(file, { workerData: setup, execArgv: [], env: {}, name: title })
  const waiting = new Map<number, Waiting>()
  const loading = Promise.withResolvers<{ provider: string }>()
  loading.promise.catch(() => undefined) // whoever runs a batch hears it too
  const ended = Promise.withResolvers<void>()
  let lastId = 0
  let reasonOfEnd: Error | undefined

  function fail(error: Error) {
    reasonOfEnd ??= error
    loading.reject(reasonOfEnd)
    for (const { reject } of waiting.values()) reject(reasonOfEnd)
    waiting.clear()
  }

  worker.on('message', (message: FromThread) => {
    if (message.type === 'loaded') {
      onProvider(message.provider, message.refusals)
      loading.resolve({ provider: message.provider })
    } else if (message.type === 'unusable') {
      onProvider(undefined, message.refusals)
      fail(new ModelLoadError(`model ${title} cannot be loaded: ${message.reason}`))
      void worker.terminate()
    } else {
      const batch = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.type === 'done') batch?.resolve(message.results)
      else batch?.reject(new BatchError(`model ${title} failed: ${message.reason}`))
    }
  })
  worker.on('error', (error) =>
    fail(new ModelRunError(`the thread of model ${title} died: ${String(error)}`)),
  )
  worker.on('exit', (code) => {
    fail(new ModelRunError(`the thread of model ${title} ended with code ${code}`))
    ended.resolve()
  })

  return {
    loaded: loading.promise,
    ended: ended.promise,
    isUsable: () => reasonOfEnd === undefined,
    run: <T extends Task>(batch: Batches[T], transfer: ArrayBuffer[]) =>
      new Promise<Results[T]>((resolve, reject) => {
        if (reasonOfEnd) return reject(reasonOfEnd)
        lastId += 1
        // A thread answers a batch of its task with results of its task.
        waiting.set(lastId, { resolve: resolve as Waiting['resolve'], reject })
        worker.postMessage({ id: lastId, batch } satisfies ToThread, transfer)
      }),
    end: async () => {
      worker.postMessage('end' satisfies ToThread)
      const cut = setTimeout(() => void worker.terminate(), END_TIMEOUT_MS)
      await ended.promise
      clearTimeout(cut)
    },
  }
}
