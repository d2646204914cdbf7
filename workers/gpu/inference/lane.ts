// A lane is the way of pictures or texts through one model: prepared a few at a time as they come, put together into
// batches, computed on threads. While a thread computes, the next batch is prepared, and if it is full, sent along, so
// that the thread never waits for it. What comes alone is not kept waiting for company.
import { availableParallelism } from 'node:os'
import { BatchError, ModelLoadError, ModelRunError } from './engine-errors.ts'
import type { Batches, Results, Task } from './messages.ts'
import type { ModelThread } from './model-thread.ts'
import type { Slots } from './slots.ts'

export type LaneOptions<T extends Task, Input, Prepared> = {
  /** Rejects with a PictureError what cannot be computed. */
  prepare: (input: Input) => Promise<Prepared>
  assemble: (prepared: Prepared[]) => { batch: Batches[T]; transfer: ArrayBuffer[] }
  /** By what the thread computes on; unknown before the first one has loaded. */
  batchSize: (provider: string | undefined) => number
  startThread: () => ModelThread
  slots: Slots
  idleMs: number
}

export type Lane<T extends Task, Input> = {
  run(inputs: Input[], signal: AbortSignal): Promise<PromiseSettledResult<Results[T][number]>[]>
  threads(): number
  provider(): string | undefined
  close(reason: Error): Promise<void>
}

/** Decoding runs on libuv's threads: four, unless UV_THREADPOOL_SIZE was set when the process started. */
const PREPARED_AT_ONCE = Math.max(4, availableParallelism())
/** Another thread costs a copy of the model: not for what the next run of this one takes along. */
const BACKLOG_FOR_ANOTHER_THREAD = 2
/** The batch that is computed, and the next. */
const BATCHES_PER_THREAD = 2

type Item<Input, Result> = {
  input: Input
  resolve: (result: Result) => void
  reject: (error: Error) => void
  isSettled: () => boolean
}

export function createLane<T extends Task, Input, Prepared>(
  options: LaneOptions<T, Input, Prepared>,
): Lane<T, Input> {
  type Result = Results[T][number]
  type Ready = { item: Item<Input, Result>; prepared: Prepared }
  type Holder = { thread: ModelThread; batches: number; idle?: NodeJS.Timeout }

  const { slots } = options
  const holders = new Set<Holder>()
  const ending = new Set<Promise<void>>()
  let waiting: Item<Input, Result>[] = []
  let ready: Ready[] = []
  let preparing = 0
  let provider: string | undefined
  /** Lowered when a batch was too much, for a GPU's memory for one. */
  let mostAtOnce = Number.POSITIVE_INFINITY
  let closed: Error | undefined

  const batchSize = () => Math.min(mostAtOnce, options.batchSize(provider))
  const usable = () => [...holders].filter(({ thread }) => thread.isUsable())

  function pump() {
    if (closed) return rejectAll(closed)
    prepareMore()
    ready = ready.filter(({ item }) => !item.isSettled())
    while (ready.length > 0 && dispatch()) prepareMore()
    if (ready.length === 0) slots.leave(pump)
  }

  function prepareMore() {
    waiting = waiting.filter((item) => !item.isSettled())
    const ahead = (holders.size + 1) * batchSize()
    while (waiting.length > 0 && preparing < PREPARED_AT_ONCE && ready.length + preparing < ahead) {
      const item = waiting.shift()
      if (item) void prepare(item)
    }
  }

  async function prepare(item: Item<Input, Result>) {
    preparing += 1
    try {
      const prepared = await options.prepare(item.input)
      if (!item.isSettled()) ready.push({ item, prepared })
    } catch (error) {
      item.reject(asError(error))
    } finally {
      preparing -= 1
      pump()
    }
  }

  /** Sends one batch to a thread, if one may take it. */
  function dispatch(): boolean {
    const size = batchSize()
    const threads = usable()
    const idle = threads.find(({ batches }) => batches === 0)
    const mayStart = threads.length === 0 || ready.length >= BACKLOG_FOR_ANOTHER_THREAD
    if ((idle || mayStart) && slots.take(pump)) {
      void compute(idle ?? start(), ready.splice(0, size))
      return true
    }
    const next = threads.find(({ batches }) => batches < BATCHES_PER_THREAD)
    if (!next || ready.length < size || slots.isWantedByOthers(pump)) return false
    void compute(next, ready.splice(0, size))
    return true
  }

  function start(): Holder {
    const holder: Holder = { thread: options.startThread(), batches: 0 }
    holders.add(holder)
    void holder.thread.ended.then(() => {
      clearTimeout(holder.idle)
      holders.delete(holder)
      if (holders.size === 0) mostAtOnce = Number.POSITIVE_INFINITY
      pump()
    })
    holder.thread.loaded.then(
      (loaded) => {
        provider = loaded.provider
      },
      (error) => {
        // The next thread would fail over the same files.
        if (error instanceof ModelLoadError) rejectAll(error)
      },
    )
    return holder
  }

  /** A slot is held from a thread's first batch until it has answered its last. */
  async function compute(holder: Holder, batch: Ready[]) {
    clearTimeout(holder.idle)
    holder.batches += 1
    try {
      await runBatch(holder.thread, batch)
    } finally {
      holder.batches -= 1
      if (holder.batches === 0) {
        slots.release()
        sleepLater(holder)
      }
      pump()
    }
  }

  async function runBatch(thread: ModelThread, batch: Ready[]) {
    try {
      const { batch: message, transfer } = options.assemble(batch.map(({ prepared }) => prepared))
      const results: Result[] = await thread.run<T>(message, transfer)
      for (const [index, { item }] of batch.entries()) {
        const result = results[index]
        if (result === undefined) item.reject(new ModelRunError('the model left a picture out'))
        else item.resolve(result)
      }
    } catch (error) {
      const items = batch.map(({ item }) => item)
      if (error instanceof BatchError && items.length > 1) {
        // Again in halves, down to the one that cannot be computed: it spoils no other.
        mostAtOnce = Math.ceil(items.length / 2)
        waiting.unshift(...items)
      } else for (const item of items) item.reject(asError(error))
    }
  }

  function sleepLater(holder: Holder) {
    clearTimeout(holder.idle)
    holder.idle = setTimeout(() => {
      if (holder.batches > 0) return
      holders.delete(holder)
      const end = holder.thread.end()
      ending.add(end)
      void end.then(() => ending.delete(end))
    }, options.idleMs)
    holder.idle.unref()
  }

  function rejectAll(reason: Error) {
    for (const item of [...waiting, ...ready.map((each) => each.item)]) item.reject(reason)
    waiting = []
    ready = []
  }

  return {
    async run(inputs, signal) {
      if (closed) throw closed
      signal.throwIfAborted()
      const items = inputs.map((input) => newItem<Input, Result>(input))
      const abort = () => {
        for (const { item } of items) item.reject(asError(signal.reason))
      }
      signal.addEventListener('abort', abort)
      waiting.push(...items.map(({ item }) => item))
      pump()
      try {
        return await Promise.allSettled(items.map(({ promise }) => promise))
      } finally {
        signal.removeEventListener('abort', abort)
        signal.throwIfAborted()
      }
    },
    threads: () => holders.size,
    provider: () => provider,
    async close(reason) {
      closed = reason
      rejectAll(reason)
      await Promise.all([...ending, ...[...holders].map(({ thread }) => thread.end())])
    },
  }
}

function newItem<Input, Result>(input: Input) {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  let isSettled = false
  const settle = <Value>(finish: (value: Value) => void) => {
    return (value: Value) => {
      isSettled = true
      finish(value)
    }
  }
  const item: Item<Input, Result> = {
    input,
    resolve: settle(resolve),
    reject: settle<Error>(reject),
    isSettled: () => isSettled,
  }
  return { item, promise }
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)))
