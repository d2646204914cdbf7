import { backoffMs, DEFAULT_RETRY, pauseFor, type RetryPolicy } from './retry.ts'
import { createRunSwitch } from './run-switch.ts'
import { createSpeedMeter } from './speed-meter.ts'
import { createTransferSlots } from './transfer-slots.ts'
import { ApiError, NetworkError, SourceError, UploadFailure } from './upload-errors.ts'
import {
  callPersistently,
  type Outcome,
  outcomeOf,
  type UploadFileDeps,
  uploadFile,
} from './upload-file.ts'
import { summarize } from './upload-snapshot.ts'
import {
  bySize,
  createTask,
  isLarge,
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
  UploadSnapshot,
  UploadStore,
} from './upload-types.ts'
import type { CheckResult, UploadsApi } from './uploads-api.ts'

const PUBLISH_EVERY_MS = 100
const TICK_MS = 1_000
/** Large files at a time; their parts share the transfer slots anyway. */
const MAX_LARGE_FILES = 2
const MAX_CHECKS_PER_REQUEST = 500
/** Hashed files wait this long for others to be checked with, while more are being hashed. */
const CHECK_LINGER_MS = 150
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
  const tasks = new Map<string, Task<Source>>()
  const senders = new Map<string, Task<Source>>()
  const listeners = new Set<(snapshot: UploadSnapshot<Source>) => void>()
  const settledListeners = new Set<(entry: UploadEntry<Source>) => void>()
  const closing = new AbortController()
  let snapshot: UploadSnapshot<Source> | undefined
  let publishTimer: ReturnType<typeof setTimeout> | undefined
  let tickTimer: ReturnType<typeof setTimeout> | undefined
  const idleWaiters: (() => void)[] = []
  let isChecking = false
  let lingerTimer: ReturnType<typeof setTimeout> | undefined
  let isPumpDue = false

  const deps: UploadFileDeps<Source> = {
    api,
    platform,
    slots,
    retry,
    whenRunning: running.whenRunning,
    pauseSignal: running.pauseSignal,
    onSignedOut: () => {
      running.signOut()
      publishSoon()
    },
  }
  const stopWatching = platform.watchOnline(() => {
    running.refresh()
    publishSoon()
    pumpSoon()
  })

  // Telling

  function takeSnapshot(): UploadSnapshot<Source> {
    snapshot ??= summarize(
      [...tasks.values()].map((task) => task.entry),
      { ...running.state(), bytesPerSecond: speed.bytesPerSecond() },
    )
    return snapshot
  }

  function publishSoon() {
    snapshot = undefined
    if (publishTimer !== undefined || listeners.size === 0) return
    publishTimer = setTimeout(publish, PUBLISH_EVERY_MS)
  }

  function publish() {
    publishTimer = undefined
    snapshot = undefined
    const current = takeSnapshot()
    for (const listener of listeners) listener(current)
    // Speed and time left change while nothing else does.
    clearTimeout(tickTimer)
    if (current.isActive && !current.isPaused) tickTimer = setTimeout(publishSoon, TICK_MS)
  }

  function show(task: Task<Source>, change: Partial<UploadEntry<Source>>) {
    task.entry = { ...task.entry, ...change }
    publishSoon()
  }

  // Moving

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
      startChecking()
      startSending()
    }
    if (takeSnapshot().isActive) return
    speed.reset()
    for (const resolve of idleWaiters.splice(0)) resolve()
  }

  const inStage = (stage: Task<Source>['stage']) =>
    [...tasks.values()].filter((task) => task.stage === stage)

  function startHashing() {
    const room = platform.hashConcurrency - inStage('hashing').length
    if (room <= 0) return
    for (const task of bySize(inStage('waiting')).slice(0, room)) {
      task.stage = 'hashing'
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
    task.stage = 'hashed'
    show(task, { state: 'checking', hashedBytes: task.entry.sizeBytes, claims })
    await store.put([task.record])
    pumpSoon()
  }

  function startChecking() {
    const hashed = inStage('hashed')
    if (hashed.length === 0 || isChecking) return
    const mayLinger = inStage('hashing').length > 0 && hashed.length < MAX_CHECKS_PER_REQUEST
    if (mayLinger && lingerTimer === undefined) {
      lingerTimer = setTimeout(() => {
        void check(inStage('hashed')).finally(() => {
          lingerTimer = undefined
          pumpSoon()
        })
      }, CHECK_LINGER_MS)
    }
    if (!mayLinger && lingerTimer === undefined) void check(hashed).finally(pumpSoon)
  }

  /** One question for many files. A lone file is not asked about: creating its upload answers the same. */
  async function check(hashed: Task<Source>[]) {
    const asked = bySize(hashed).slice(0, MAX_CHECKS_PER_REQUEST)
    if (asked.length < 2) {
      for (const task of asked) task.stage = 'ready'
      return
    }
    isChecking = true
    try {
      const assets = asked.flatMap(({ entry, hash }) =>
        hash ? [{ id: entry.id, checksum: hash.checksum }] : [],
      )
      const { results } = await callPersistently(deps, closing.signal, () =>
        api.check(assets, closing.signal),
      )
      const answers = new Map(results.map((result) => [result.id, result]))
      for (const task of asked) takeCheckAnswer(task, answers.get(task.entry.id))
    } catch (error) {
      // Each file asks for itself when its upload is created, and says why that fails.
      if (error instanceof ApiError || error instanceof NetworkError) {
        for (const task of asked) if (task.stage === 'hashed') task.stage = 'ready'
      }
    } finally {
      isChecking = false
    }
  }

  function takeCheckAnswer(task: Task<Source>, answer: CheckResult | undefined) {
    if (task.stage !== 'hashed') return
    if (answer?.action === 'reject' && answer.assetId) {
      settle(task, {
        state: 'duplicate',
        assetId: answer.assetId,
        isTrashed: answer.isTrashed ?? false,
      })
      return
    }
    task.stage = 'ready'
  }

  function startSending() {
    const sending = inStage('sending')
    const large = sending.filter((task) => isLarge(task.entry)).length
    const room = {
      large: MAX_LARGE_FILES - large,
      small: slots.limit + 2 - (sending.length - large),
    }
    for (const task of bySize(inStage('ready'))) {
      const kind = isLarge(task.entry) ? 'large' : 'small'
      const checksum = task.hash?.checksum ?? ''
      // The same bytes twice in one drop: the second waits and will be the duplicate of the first.
      if (room[kind] <= 0 || senders.has(checksum)) continue
      room[kind] -= 1
      senders.set(checksum, task)
      task.stage = 'sending'
      void send(task)
        .catch((error: unknown) => fail(task, error))
        .finally(pumpSoon)
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
      task.stage = 'verifying'
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
      task.stage = 'ready'
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
    task.stage = 'settled'
    show(task, change)
    void store.remove([task.entry.id])
    for (const listener of settledListeners) listener(task.entry)
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
    task.stage = 'settled'
    const { reason, canRetry } = reasonOf(error)
    show(task, { state: 'failed', reason, canRetry, sentBytes: 0 })
    if (!canRetry) void store.remove([task.entry.id])
    for (const listener of settledListeners) listener(task.entry)
    pumpSoon()
  }

  /** The file may have been edited while it was on its way: what it is now goes up. */
  async function beginAnew(task: Task<Source>, source: Source) {
    const fresh = await platform.refresh(source)
    const { hash: _, ...record } = task.record
    task.record = record
    task.uploadId = undefined
    bring(task, fresh, platform.factsOf(fresh))
    pumpSoon()
  }

  // Coming in

  function add(sources: Source[]): string[] {
    const fresh = sources.map((source) => adopt(source) ?? admit(source))
    void store.put(fresh.filter((task) => task.stage !== 'settled').map((task) => task.record))
    publishSoon()
    pumpSoon()
    return fresh.map((task) => task.entry.id)
  }

  /** An unfinished file from an earlier visit is chosen again. */
  function adopt(source: Source): Task<Source> | undefined {
    const facts = platform.factsOf(source)
    const task = inStage('parked').find(
      ({ entry }) => entry.name === facts.name && entry.sizeBytes === facts.sizeBytes,
    )
    if (!task) return undefined
    bring(task, source, facts)
    return task
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
    task.stage = 'waiting'
    const { name, sizeBytes } = facts
    show(task, { state: 'waiting', source, name, sizeBytes, sentBytes: 0, hashedBytes: 0 })
  }

  function admit(source: Source): Task<Source> {
    const facts = platform.factsOf(source)
    const task = createTask<Source>({ ...facts, handle: platform.handleOf(source) })
    task.facts = facts
    task.entry = { ...task.entry, source }
    tasks.set(task.entry.id, task)
    const refusal = refusalOf(facts)
    if (refusal) fail(task, new UploadFailure(refusal, { canRetry: false }))
    return task
  }

  async function resumeUnfinished(): Promise<number> {
    const kept = (await store.list()).filter(({ id }) => !tasks.has(id))
    for (const record of kept) {
      const task = createTask<Source>(record)
      task.stage = 'parked'
      task.entry = {
        ...task.entry,
        state: 'needsFile',
        ...(record.claims ? { claims: record.claims } : {}),
      }
      tasks.set(task.entry.id, task)
    }
    await reopenParked({ mayAsk: false })
    await listOthers()
    publishSoon()
    return kept.length
  }

  /** Uploads begun by another browser or device: known by name only, until the file is chosen here. */
  async function listOthers() {
    const { uploads } = await callPersistently(deps, closing.signal, () =>
      api.list(closing.signal),
    ).catch(() => ({ uploads: [] }))
    const known = new Set([...tasks.values()].map((task) => task.record.hash?.checksum))
    for (const upload of uploads) {
      if (upload.state !== 'pending' || known.has(upload.checksum)) continue
      const { fileName: name, sizeBytes } = upload
      const task = createTask<Source>({ name, sizeBytes, modifiedAtMs: 0, fingerprint: '' })
      task.stage = 'parked'
      task.uploadId = upload.id
      task.entry = { ...task.entry, state: 'needsFile', sentBytes: upload.arrivedBytes }
      tasks.set(task.entry.id, task)
    }
  }

  async function reopenParked(reopening: { mayAsk: boolean }) {
    for (const task of inStage('parked').filter(({ record }) => record.handle !== undefined)) {
      const reopened = await platform.reopen(task.record.handle, reopening)
      if (reopened.status === 'open') {
        bring(task, reopened.source, platform.factsOf(reopened.source))
        pumpSoon()
      } else {
        const needs = reopened.status === 'gone' ? 'needsFile' : 'needsPermission'
        show(task, { state: needs })
        // One refusal answers for all: no second question.
        if (reopening.mayAsk && needs === 'needsPermission') return
      }
    }
  }

  // Steering

  function cancel(id: string) {
    const task = tasks.get(id)
    if (!task) return
    task.controller.abort(new Error('Cancelled'))
    stepAside(task)
    tasks.delete(id)
    void store.remove([id])
    if (task.uploadId && task.stage !== 'settled') {
      void api.abort(task.uploadId, closing.signal).catch(() => {
        // The sweep removes what is never completed.
      })
    }
    publishSoon()
    pumpSoon()
  }

  function retryTask(task: Task<Source>) {
    if (task.entry.state !== 'failed' || !task.entry.canRetry) return
    task.controller = new AbortController()
    task.wasRehashed = false
    task.uploadId = undefined
    task.stage = task.entry.source ? 'waiting' : 'parked'
    const { reason: _, ...entry } = task.entry
    task.entry = entry
    show(task, { state: task.entry.source ? 'waiting' : 'needsFile', sentBytes: 0 })
    pumpSoon()
  }

  function dismiss(id: string) {
    if (tasks.get(id)?.stage !== 'settled') return
    tasks.delete(id)
    void store.remove([id])
    publishSoon()
  }

  return {
    add,
    resumeUnfinished,
    grantAccess: () => reopenParked({ mayAsk: true }),
    pause() {
      running.pause()
      speed.reset()
      publishSoon()
    },
    resume() {
      running.resume()
      publishSoon()
      pumpSoon()
    },
    cancel,
    cancelAll() {
      for (const task of [...tasks.values()]) if (task.stage !== 'settled') cancel(task.entry.id)
    },
    retry(id: string) {
      const task = tasks.get(id)
      if (task) retryTask(task)
    },
    retryFailed() {
      for (const task of tasks.values()) retryTask(task)
    },
    dismiss,
    clearSettled() {
      for (const task of inStage('settled')) dismiss(task.entry.id)
    },
    get snapshot() {
      return takeSnapshot()
    },
    subscribe(listener: (snapshot: UploadSnapshot<Source>) => void) {
      listeners.add(listener)
      listener(takeSnapshot())
      return () => {
        listeners.delete(listener)
      }
    },
    onSettled(listener: (entry: UploadEntry<Source>) => void) {
      settledListeners.add(listener)
      return () => {
        settledListeners.delete(listener)
      }
    },
    /** Resolves when nothing is on its way any more. Files that wait for a person do not count. */
    whenIdle(): Promise<void> {
      return new Promise((resolve) => {
        idleWaiters.push(resolve)
        pumpSoon()
      })
    },
    close() {
      closing.abort(new Error('The queue is closed'))
      for (const task of tasks.values()) task.controller.abort(closing.signal.reason)
      clearTimeout(publishTimer)
      clearTimeout(tickTimer)
      clearTimeout(lingerTimer)
      listeners.clear()
      stopWatching()
      platform.close()
    },
  }
}

export type UploadQueue<Source> = ReturnType<typeof createUploadQueue<Source>>
