import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { createGate, type Leave } from './gate.ts'
import { hostIdentity, isProcessRunning } from './host.ts'
import type { Log } from './log.ts'

/*
 * [Note: Who killed the worker]
 *
 * A worker that dies leaves jobs behind, and usually none of them is at fault. Each worker therefore notes in
 * Valkey which jobs it runs, and how: beside others, or alone. Whoever finds a dead worker makes suspects of what
 * ran in it and puts its jobs back at once. A suspect runs alone in its process, so that if the worker
 * dies again, it can only be this job (or someone outside who kills). A job in whose lonely company workers died
 * ALONE_KILLS_ALLOWED + 1 times is set aside; one that ends in any way is no suspect any more.
 *
 * All this may be lost with Valkey. Then nobody is accused.
 */

/** One death beside a lonely suspect can be an operator's `kill -9` or a power cut; a second one is not. */
const ALONE_KILLS_ALLOWED = 1

/**
 * A worker is dead when it has not said for so long that it lives. Shorter than the lock of a job: when
 * BullMQ finds a stalled job, its worker is already known to be dead.
 */
const ALIVE_FOR_MS = 8000
const HEARTBEAT_MS = 2500

const Identity = z.object({
  host: z.string(),
  pid: z.number(),
  lockOwners: z.array(z.string()),
})
const modes = ['waiting', 'beside', 'alone'] as const
type Mode = (typeof modes)[number]

/** A job's stay in the process. End it, whatever came of the job. */
export type Stay = { mustBeSetAside: boolean; end(): void }

type Beginning = { id: string; hasStartedBefore: boolean }

type Options = {
  valkey: Redis
  prefix: string
  log: Log
  /** The names under which this process holds the locks of its jobs. */
  lockOwners(): string[]
  /** Puts what a dead worker held back into its queues. */
  putBackOf(lockOwners: string[]): Promise<void>
}

/** Workers of this very process, of which tests have several. */
const workersHere = new Set<string>()

export type CrashLedger = ReturnType<typeof createCrashLedger>

export function crashLedgerKeys(prefix: string) {
  return {
    workers: `${prefix}:workers`,
    suspects: `${prefix}:suspects`,
    alive: (workerId: string) => `${prefix}:worker:${workerId}:alive`,
    jobs: (workerId: string) => `${prefix}:worker:${workerId}:jobs`,
  }
}

/** See [Note: Who killed the worker]. */
export function createCrashLedger(options: Options) {
  const { valkey, prefix, log } = options
  const workerId = randomUUID()
  const keys = crashLedgerKeys(prefix)
  const host = hostIdentity()
  const gate = createGate()
  let readySince = Number.POSITIVE_INFINITY
  let reaping: Promise<void> | undefined
  let heartbeat: NodeJS.Timeout | undefined

  function onReady() {
    readySince = Date.now()
    beat()
  }

  function beat() {
    void sayAlive()
      .then(reap)
      .catch(() => {}) // the connection's own log line says why
  }

  async function sayAlive() {
    await valkey
      .pipeline()
      .set(keys.alive(workerId), '1', 'PX', ALIVE_FOR_MS)
      .hset(keys.workers, workerId, JSON.stringify(identify()))
      .exec()
  }

  const identify = (): z.infer<typeof Identity> => ({
    host,
    pid: process.pid,
    lockOwners: options.lockOwners(),
  })

  /** Looks for dead workers now; a call during another one waits for that. */
  function reap(): Promise<void> {
    reaping ??= findDead().finally(() => {
      reaping = undefined
    })
    return reaping
  }

  async function findDead() {
    const others = Object.entries(await valkey.hgetall(keys.workers))
    for (const [id, entry] of others) {
      const identity = Identity.safeParse(JSON.parse(entry)).data
      if (id === workerId || !(await isDead(id, identity))) continue
      // Only one of several finders removes the entry.
      if ((await valkey.hdel(keys.workers, id)) === 1)
        await takeOver(id, identity?.lockOwners ?? [])
    }
  }

  async function isDead(id: string, identity: z.infer<typeof Identity> | undefined) {
    if (identity?.host === host) {
      const { pid } = identity
      return pid === process.pid ? !workersHere.has(id) : !isProcessRunning(pid)
    }
    // After Valkey itself was away, every sign of life has run out; give the living time to renew theirs.
    if (Date.now() - readySince < ALIVE_FOR_MS) return false
    return (await valkey.exists(keys.alive(id))) === 0
  }

  async function takeOver(deadId: string, lockOwners: string[]) {
    const left = Object.entries(await valkey.hgetall(keys.jobs(deadId)))
    if (left.length > 0)
      log.warn({ deadWorker: deadId, jobIds: left.map(([id]) => id) }, 'a worker died in its jobs')
    const accusation = valkey.pipeline()
    for (const [id, mode] of left) {
      if (mode === 'beside') accusation.hsetnx(keys.suspects, id, 0)
      if (mode === 'alone') accusation.hincrby(keys.suspects, id, 1)
    }
    await accusation.del(keys.jobs(deadId)).exec()
    await options.putBackOf(lockOwners)
  }

  /** Of all jobs that begin and end in one turn of the event loop, which cost few commands together. */
  const notes = new Map<string, Mode | undefined>()
  let written: Promise<void> | undefined

  /**
   * Resolves when the note has left the process, so that it stays when the process dies; nobody waits for Valkey's
   * answer. Undefined takes a job out.
   */
  function note(id: string, mode: Mode | undefined): Promise<void> {
    notes.set(id, mode)
    written ??= new Promise((resolve) => {
      process.nextTick(() => {
        writeNotes()
        // The connection gathers what is written in one turn until then.
        process.nextTick(resolve)
      })
    })
    return written
  }

  /** Plain commands, because building one of ioredis' pipelines costs more than a whole job of BullMQ's. */
  function writeNotes() {
    const running = [...notes].filter((entry): entry is [string, Mode] => entry[1] !== undefined)
    const ended = [...notes.keys()].filter((id) => notes.get(id) === undefined)
    notes.clear()
    written = undefined
    if (running.length > 0) valkey.hset(keys.jobs(workerId), ...running.flat()).catch(() => {})
    if (ended.length > 0) valkey.hdel(keys.jobs(workerId), ...ended).catch(() => {})
  }

  /** How many workers died while the job ran alone; undefined: it is no suspect, as none is that never started. */
  async function countKills({ id, hasStartedBefore }: Beginning): Promise<number | undefined> {
    if (!hasStartedBefore) return undefined
    const kills = await valkey.hget(keys.suspects, id)
    return kills === null ? undefined : Number(kills)
  }

  async function begin(job: Beginning): Promise<Stay> {
    const { id } = job
    const kills = await countKills(job)
    if (kills === undefined) return stay(id, { leave: await enter(id) })
    if (kills > ALONE_KILLS_ALLOWED) return stay(id, { mustBeSetAside: true, wasSuspect: true })
    await note(id, 'waiting')
    const leave = await gate.enterAlone()
    await note(id, 'alone')
    log.info({ jobId: id }, 'runs alone, since a worker died in its company')
    return stay(id, { leave, wasSuspect: true })
  }

  async function enter(id: string): Promise<Leave> {
    const leave = gate.tryEnter() ?? (await gate.enter())
    await note(id, 'beside')
    return leave
  }

  type Circumstances = { leave?: Leave; mustBeSetAside?: boolean; wasSuspect?: boolean }

  function stay(id: string, { leave, mustBeSetAside = false, wasSuspect }: Circumstances): Stay {
    return {
      mustBeSetAside,
      end() {
        leave?.()
        void note(id, undefined)
        if (wasSuspect) valkey.hdel(keys.suspects, id).catch(() => {})
      },
    }
  }

  return {
    begin,
    reap,
    start() {
      workersHere.add(workerId)
      valkey.on('ready', onReady)
      if (valkey.status === 'ready') onReady()
      heartbeat = setInterval(beat, HEARTBEAT_MS).unref()
    },
    /** The worker ends in peace: nothing that it still runs is suspect. */
    async stop() {
      clearInterval(heartbeat)
      valkey.off('ready', onReady)
      workersHere.delete(workerId)
      if (valkey.status !== 'ready') return
      await valkey
        .pipeline()
        .hdel(keys.workers, workerId)
        .del(keys.alive(workerId), keys.jobs(workerId))
        .exec()
    },
  }
}
