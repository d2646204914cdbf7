import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { PgDb } from '#db/node.ts'
import { listPausedQueues } from '#db/queries/housekeeping.ts'
import { keepUnfinished, listUnfinished, markSent, type OutboxJob } from '#db/queries/outbox.ts'
import { withAdvisoryLock } from '#workers/runtime/advisory-lock.ts'
import type { Log } from '#workers/runtime/log.ts'
import type { Queues } from './queues.ts'

const PAGE = 1000
const LOCK = 'tintype:resend'

/**
 * Who claimed rows adds them within this time, or looks first what became of them; and what was claimed is not taken
 * for lost before it lies for longer. So no row is added again whose job is just done.
 */
const ADD_WITHIN_MS = 1000
const SETTLED_AFTER_MS = 2 * ADD_WITHIN_MS

type Options = {
  db: PgDb
  valkey: Redis
  prefix: string
  queues: Queues
  log: Log
  onSent: (count: number) => void
}

/**
 * [Note: What Valkey forgot]
 *
 * A key in Valkey holds the id of the Valkey process that the jobs were put into. When it is gone (FLUSHALL, a
 * lost disk) or names another process (a restart loses the last second of writes), every unfinished row is looked
 * up and added again where it is missing. While that goes on, the key holds a sign of this very pass: if it is
 * not there at the end, Valkey was emptied again meanwhile, and so was part of the work.
 */
export function createResend({ db, valkey, prefix, queues, log, onSent }: Options) {
  const markerKey = `${prefix}:outbox-marker`
  const timers = new Set<NodeJS.Timeout>()
  let running: Promise<void> | undefined
  let isStopped = false

  async function findLosses() {
    if (valkey.status !== 'ready') return
    const processId = await findProcessId()
    if ((await valkey.get(markerKey)) === processId) return
    await withAdvisoryLock(db, LOCK, async () => {
      for (let isDone = false; !isDone; ) isDone = await repair(processId)
    })
  }

  async function repair(processId: string): Promise<boolean> {
    const sign = `repairing ${randomUUID()}`
    // Where the key is, other dispatchers add jobs; and only what is done after the sign is sure to have stayed.
    await pauseAgain()
    await valkey.set(markerKey, sign)
    await pauseAgain()
    const now = Date.now()
    await resendPages(new Date(now - SETTLED_AFTER_MS))
    resendOnceSettled(new Date(now))
    if ((await valkey.get(markerKey)) !== sign) return false
    await valkey.set(markerKey, processId)
    return true
  }

  async function pauseAgain() {
    for (const queue of await listPausedQueues(db)) await queues.pause(queue)
  }

  async function findProcessId(): Promise<string> {
    const info = await valkey.info('server')
    return /^run_id:(\w+)/m.exec(info)?.[1] ?? 'unknown'
  }

  /** Soon. Should this process die before, the regular sweep finds the same. */
  function resendOnceSettled(sentBefore: Date) {
    if (isStopped) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      resendUnfinished({ sentBefore })
        .then((isDone) => isDone || resendOnceSettled(sentBefore))
        .catch((error) => log.warn({ err: error }, 'could not look for jobs that were just sent'))
    }, SETTLED_AFTER_MS)
    timers.add(timer)
  }

  /** Whatever was sent before the instant and lies unfinished. False: not now. */
  async function resendUnfinished({ sentBefore }: { sentBefore: Date }): Promise<boolean> {
    if (valkey.status !== 'ready') return false
    return await withAdvisoryLock(db, LOCK, async () => {
      await resendPages(sentBefore)
    })
  }

  /** Answers how many jobs were missing. Jobs that merely wait for long are found in their queue and left alone. */
  async function resendPages(sentBefore: Date): Promise<number> {
    let afterId: string | undefined
    let resent = 0
    for (;;) {
      const rows = await listUnfinished(db, {
        sentBefore,
        limit: PAGE,
        ...(afterId && { afterId }),
      })
      if (rows.length > 0) {
        // A job that is in no queue may have been done since its row was read.
        const missing = await keepUnfinished(db, await queues.missing(rows))
        if (missing.length > 0) {
          // Where jobs are missing, Valkey may have forgotten the pauses as well.
          await pauseAgain()
          await queues.add(missing)
          onSent(missing.length)
          await markSent(
            db,
            missing.map(({ id }) => id),
          )
        }
        resent += missing.length
      }
      afterId = rows.at(-1)?.id
      if (rows.length < PAGE) break
    }
    if (resent > 0) log.warn({ jobs: resent }, 'sent again what the queues had lost')
    return resent
  }

  /** See [Note: What Valkey forgot]. One pass at a time; a call during one waits for it. */
  function findLossesOnce(): Promise<void> {
    running ??= findLosses().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    findLosses: findLossesOnce,
    /** Puts rows into their queues that were claimed at the instant, of `performance.now()`, and are not there yet. */
    async send(claimed: OutboxJob[], claimedAt: number): Promise<void> {
      // In a Valkey that was just emptied nothing is added before it knows again which queues are paused.
      const isWhole = !running && (await valkey.exists(markerKey)) === 1
      if (!isWhole) {
        await findLossesOnce()
        // Another dispatcher may be at it, and not have come so far.
        await pauseAgain()
      }
      const isFresh = isWhole && performance.now() - claimedAt < ADD_WITHIN_MS
      const rows = isFresh ? claimed : await keepUnfinished(db, await queues.missing(claimed))
      await queues.add(rows)
      onSent(rows.length)
    },
    /** For losses that left the marker in place. */
    resendUnfinished,
    resendOnceSettled,
    stop() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
