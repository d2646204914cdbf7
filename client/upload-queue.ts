import { createAnnouncer } from './announcer.ts'
import { callPersistently } from './call-persistently.ts'
import { createDuplicateChecks } from './duplicate-checks.ts'
import { backoffMs, DEFAULT_RETRY, pauseFor, type RetryPolicy } from './retry.ts'
import { createRunSwitch } from './run-switch.ts'
import type { UploadFileDeps } from './send-parts.ts'
import { createSpeedMeter } from './speed-meter.ts'
import { createTaskList } from './task-list.ts'
import { createTransferSlots } from './transfer-slots.ts'
import { createUnfinishedFiles } from './unfinished-files.ts'
import { ApiError, SourceError, UploadFailure } from './upload-errors.ts'
import { type Outcome, outcomeOf, uploadFile } from './upload-file.ts'
import { summarize } from './upload-snapshot.ts'
import {
  createTask,
  kindOf,
  mayHaveChanged,
  reasonOf,
  refusalOf,
  type Task,
} from './upload-task.ts'
import type {
  EntryState,
  FileFacts,
  UploadEntry,
  UploadPlatform,
  UploadStore,
} from './upload-types.ts'
import type { UploadsApi } from './uploads-api.ts'

/** Large files at a time; their parts share the transfer slots anyway. */
const MAX_LARGE_FILES = 2
/** Beyond the transfer slots, so that none is idle while a file is announced or completed. */
const SMALL_FILES_BEYOND_SLOTS = 2
/** A worker hashes a large upload before its asset exists: asked after this, then ever more rarely. */
const VERIFY_POLL: RetryPolicy = { firstDelayMs: 400, maxDelayMs: 10_000, attempts: 1_000 }

export type UploadQueueOptions<Source> = {
  api: UploadsApi
  platform: UploadPlatform<Source>
  store: UploadStore
  /** Requests with bytes at a time, over all files: to begin with, and at most. */
  transfers?: { start: number; max: number }
  retry?: RetryPolicy
}

/**
 * Takes files in, hashes them, asks which the server has, sends the rest and watches until each is an asset.
 * Small files go first, so that a film does not keep the photos waiting. What is unfinished stays in the store.
 */
export function createUploadQueue<Source>(options: UploadQueueOptions<Source>) {
  const { api, platform, store } = options
  const retry = options.retry ?? DEFAULT_RETRY
  const slots = createTransferSlots(options.transfers ?? { start: 4, max: 4 })
  const speed = createSpeedMeter()
  const running = createRunSwitch(() => platform.isOnline())
  const tasks = createTaskList<Source>()
  const senders = new Map<string, Task<Source>>()
  const closing = new AbortController()
  const idleWaiters: (() => void)[] = []
  let isPumpDue = false
  const announcer = createAnnouncer(() =>
    summarize(
      tasks.all().map((task) => task.entry),
      { ...running.state(), bytesPerSecond: speed.bytesPerSecond() },
    ),
  )

  const deps: UploadFileDeps<Source> = {
    api,
    platform,
    slots,
    retry,
    whenRunning: running.whenRunning,
    pauseSignal: running.pauseSignal,
    onSignedOut: () => {
      running.signOut()
      announcer.changed()
    },
  }
  const checks = createDuplicateChecks<Source>({
    tasks,
    ask: (assets) =>
      callPersistently(deps, closing.signal, () => api.check(assets, closing.signal)),
    onDuplicate: (task, found) => settle(task, { state: 'duplicate', ...found }),
    onChecked: pumpSoon,
  })
  const unfinished = createUnfinishedFiles<Source>({
    tasks,
    store,
    platform,
    list: () => callPersistently(deps, closing.signal, () => api.list(closing.signal)),
    bring,
    show,
  })
  const stopWatching = platform.watchOnline(() => {
    running.refresh()
    announcer.changed()
    pumpSoon()
  })

  function show(task: Task<Source>, change: Partial<UploadEntry<Source>>) {
    task.entry = { ...task.entry, ...change }
    announcer.changed()
  }

  function pumpSoon() {
    if (isPumpDue || closing.signal.aborted) return
    isPumpDue = true
    queueMicrotask(() => {
      isPumpDue = false
      pump()
    })
  }

  function pump() {
    if (closing.signal.aborted) return
    if (running.isRunning()) {
      startHashing()
      checks.start()
      startSending()
    }
    if (tasks.isActive) return
    speed.reset()
    for (const resolve of idleWaiters.splice(0)) resolve()
  }

  function startHashing() {
    while (tasks.inStage('hashing').size < platform.hashConcurrency) {
      const task = tasks.smallest('waiting')
      if (!task) return
      tasks.move(task, 'hashing')
      void hash(task).catch((error: unknown) => fail(task, error))
    }
  }

  async function hash(task: Task<Source>) {
    const { source } = task.entry
    const { facts } = task
    if (!source || !facts) throw new SourceError('The file is not at hand')
    show(task, { state: 'hashing', hashedBytes: 0 })
    const remembered = task.wasRehashed ? undefined : await store.findHash(facts.fingerprint)
    const known = task.hash ?? remembered
    task.isHashRemembered = known !== undefined
    const { claims, ...fresh } = await platform.inspect(source, {
      ...(known ? { known } : {}),
      signal: task.controller.signal,
      onProgress: (hashedBytes) => show(task, { hashedBytes }),
    })
    task.hash = fresh
    task.record = { ...task.record, hash: fresh, claims }
    tasks.move(task, 'hashed')
    show(task, { state: 'checking', hashedBytes: task.entry.sizeBytes, claims })
    await store.put([task.record])
    pumpSoon()
  }

  function startSending() {
    while (true) {
      const room = roomForSending()
      // The same bytes twice in one drop: the second waits and will be the duplicate of the first.
      const task = tasks.smallest(
        'ready',
        ({ entry, hash }) => room[kindOf(entry)] > 0 && !senders.has(hash?.checksum ?? ''),
      )
      if (!task) return
      senders.set(task.hash?.checksum ?? '', task)
      tasks.move(task, 'sending')
      void send(task)
        .catch((error: unknown) => fail(task, error))
        .finally(pumpSoon)
    }
  }

  function roomForSending() {
    const sending = [...tasks.inStage('sending')]
    const large = sending.filter(({ entry }) => kindOf(entry) === 'large').length
    const small = sending.length - large
    return {
      large: MAX_LARGE_FILES - large,
      small: slots.limit + SMALL_FILES_BEYOND_SLOTS - small,
    }
  }

  /** Lets the next file with the same bytes go on. */
  function stepAside(task: Task<Source>) {
    const checksum = task.hash?.checksum ?? ''
    if (senders.get(checksum) === task) senders.delete(checksum)
  }

  async function send(task: Task<Source>) {
    const { facts, hash } = task
    const { source, claims } = task.entry
    if (!source || !facts || !hash || !claims) throw new SourceError('The file is not at hand')
    show(task, { state: 'uploading' })
    const outcome = await uploadFile(deps, {
      source,
      facts,
      hash,
      claims,
      signal: task.controller.signal,
      onSent: (sentBytes, grownBytes) => {
        speed.add(grownBytes)
        show(task, { sentBytes })
      },
      onUploadKnown: (uploadId) => {
        task.uploadId = uploadId
      },
    })
    await finish(task, outcome)
  }

  async function finish(task: Task<Source>, outcome: Outcome): Promise<void> {
    if (outcome.status === 'verifying') {
      tasks.move(task, 'verifying')
      show(task, { state: 'verifying', sentBytes: task.entry.sizeBytes })
      // Not awaited: its place among the senders is free for the next file.
      void watchVerification(task, outcome.uploadId).catch((error: unknown) => fail(task, error))
      return
    }
    const { status, ...asset } = outcome
    settle(task, {
      state: status,
      ...asset,
      sentBytes: status === 'done' ? task.entry.sizeBytes : 0,
    })
  }

  async function watchVerification(task: Task<Source>, uploadId: string) {
    const { signal } = task.controller
    for (let attempt = 0; attempt < VERIFY_POLL.attempts; attempt++) {
      await pauseFor(backoffMs(VERIFY_POLL, Math.min(attempt / 2, 10)), signal)
      const outcome = await findOutcome(task, uploadId)
      if (outcome?.status === 'verifying') continue
      if (outcome) return finish(task, outcome)
      stepAside(task)
      tasks.move(task, 'ready')
      return pumpSoon()
    }
    throw new UploadFailure('The server has not checked this file', { canRetry: true })
  }

  /** Undefined: the server awaits bytes again, or has forgotten the upload; then creating it anew tells. */
  async function findOutcome({ controller: { signal } }: Task<Source>, id: string) {
    try {
      return outcomeOf(await callPersistently(deps, signal, () => api.find({ id }, signal)))
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  function settle(
    task: Task<Source>,
    change: Partial<UploadEntry<Source>> & { state: EntryState },
  ) {
    stepAside(task)
    tasks.move(task, 'settled')
    show(task, change)
    void store.remove([task.entry.id])
    announcer.settled(task.entry)
    pumpSoon()
  }

  function fail(task: Task<Source>, error: unknown) {
    if (task.controller.signal.aborted || closing.signal.aborted) return
    stepAside(task)
    const { source } = task.entry
    if (source && !task.wasRehashed && mayHaveChanged(task, error)) {
      task.wasRehashed = true
      void beginAnew(task, source).catch((cause: unknown) => fail(task, cause))
      return
    }
    tasks.move(task, 'settled')
    const { reason, canRetry } = reasonOf(error)
    show(task, { state: 'failed', reason, canRetry, sentBytes: 0 })
    if (!canRetry) void store.remove([task.entry.id])
    announcer.settled(task.entry)
    pumpSoon()
  }

  /** The file may have been edited while it was on its way: what it is now goes up. */
  async function beginAnew(task: Task<Source>, source: Source) {
    const fresh = await platform.refresh(source)
    const { hash: _, ...record } = task.record
    task.record = record
    task.uploadId = undefined
    bring(task, fresh, platform.factsOf(fresh))
  }

  // Coming in

  function add(sources: Source[]): string[] {
    const takeUp = unfinished.matcher()
    const fresh = sources.map((source) => takeUp(source) ?? admit(source))
    void store.put(fresh.filter((task) => task.stage !== 'settled').map((task) => task.record))
    announcer.changed()
    pumpSoon()
    return fresh.map((task) => task.entry.id)
  }

  function bring(task: Task<Source>, source: Source, facts: FileFacts) {
    const isUnchanged = task.record.fingerprint === facts.fingerprint
    task.hash = isUnchanged ? task.record.hash : undefined
    task.facts = facts
    task.record = {
      ...task.record,
      ...facts,
      handle: platform.handleOf(source) ?? task.record.handle,
    }
    tasks.move(task, 'waiting')
    const { name, sizeBytes } = facts
    show(task, { state: 'waiting', source, name, sizeBytes, sentBytes: 0, hashedBytes: 0 })
    pumpSoon()
  }

  function admit(source: Source): Task<Source> {
    const facts = platform.factsOf(source)
    const task = createTask<Source>({ ...facts, handle: platform.handleOf(source) })
    task.facts = facts
    task.entry = { ...task.entry, source }
    tasks.add(task)
    const refusal = refusalOf(facts)
    if (refusal) fail(task, new UploadFailure(refusal, { canRetry: false }))
    return task
  }

  // Steering

  function cancel(id: string) {
    const task = tasks.get(id)
    if (!task) return
    task.controller.abort(new Error('Cancelled'))
    stepAside(task)
    tasks.remove(task)
    void store.remove([id])
    if (task.uploadId && task.stage !== 'settled') {
      void api.abort(task.uploadId, closing.signal).catch(() => {
        // The sweep removes what is never completed.
      })
    }
    announcer.changed()
    pumpSoon()
  }

  function retryTask(task: Task<Source>) {
    if (task.entry.state !== 'failed' || !task.entry.canRetry) return
    task.controller = new AbortController()
    task.wasRehashed = false
    task.uploadId = undefined
    tasks.move(task, task.entry.source ? 'waiting' : 'parked')
    const { reason: _, ...entry } = task.entry
    task.entry = entry
    show(task, { state: task.entry.source ? 'waiting' : 'needsFile', sentBytes: 0 })
    pumpSoon()
  }

  function dismiss(id: string) {
    const task = tasks.get(id)
    if (task?.stage !== 'settled') return
    tasks.remove(task)
    void store.remove([id])
    announcer.changed()
  }

  return {
    add,
    resumeUnfinished: unfinished.resume,
    grantAccess: () => unfinished.reopen({ mayAsk: true }),
    pause() {
      running.pause()
      speed.reset()
      announcer.changed()
    },
    resume() {
      running.resume()
      announcer.changed()
      pumpSoon()
    },
    cancel,
    cancelAll() {
      for (const task of tasks.all()) if (task.stage !== 'settled') cancel(task.entry.id)
    },
    retry(id: string) {
      const task = tasks.get(id)
      if (task) retryTask(task)
    },
    retryFailed() {
      for (const task of tasks.all()) retryTask(task)
    },
    dismiss,
    clearSettled() {
      for (const task of [...tasks.inStage('settled')]) dismiss(task.entry.id)
    },
    get snapshot() {
      return announcer.current()
    },
    subscribe: announcer.subscribe,
    onSettled: announcer.onSettled,
    /** Resolves when nothing is on its way any more. Files that wait for a person do not count. */
    whenIdle(): Promise<void> {
      return new Promise((resolve) => {
        idleWaiters.push(resolve)
        pumpSoon()
      })
    },
    close() {
      closing.abort(new Error('The queue is closed'))
      for (const task of tasks.all()) task.controller.abort(closing.signal.reason)
      announcer.close()
      checks.close()
      stopWatching()
      platform.close()
    },
  }
}

export type UploadQueue<Source> = ReturnType<typeof createUploadQueue<Source>>
