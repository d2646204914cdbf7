import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { PgDb } from '#db/node.ts'
import { listPausedQueues } from '#db/queries/housekeeping.ts'
import { listUnfinished, markSent } from '#db/queries/outbox.ts'
import { withAdvisoryLock } from '#workers/runtime/advisory-lock.ts'
import type { Log } from '#workers/runtime/log.ts'
import type { Queues } from './queues.ts'

const PAGE = 1000
const LOCK = 'tintype:resend'

type Options = { db: PgDb; valkey: Redis; prefix: string; queues: Queues; log: Log }

/**
 * [Note: What Valkey forgot]
 *
 * A key in Valkey holds the id of the Valkey process that the jobs were put into. When it is gone (FLUSHALL, a
 * lost disk) or names another process (a restart loses the last second of writes), every unfinished row is looked
 * up and added again where it is missing. While that goes on, the key holds a sign of this very pass: if it is
 * not there at the end, Valkey was emptied again meanwhile, and so was part of the work.
 */
export function createResend({ db, valkey, prefix, queues, log }: Options) {
  const markerKey = `${prefix}:outbox-marker`
  let running: Promise<void> | undefined

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
    await valkey.set(markerKey, sign)
    await pauseAgain()
    await resendPages(new Date())
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
        const missing = await queues.missing(rows)
        if (missing.length > 0) {
          // Where jobs are missing, Valkey may have forgotten the pauses as well.
          await pauseAgain()
          await queues.add(missing)
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
    /** Before anything is put into a Valkey that may just have been emptied: it forgot which queues are paused. */
    async beforeAdding(): Promise<void> {
      if ((await valkey.exists(markerKey)) === 0) await findLossesOnce()
    },
    /** Whatever lies unfinished for longer than the age, for losses that left the marker in place. */
    async resendUnfinished({ olderThanMs }: { olderThanMs: number }): Promise<void> {
      if (valkey.status !== 'ready') return
      await withAdvisoryLock(db, LOCK, async () => {
        await resendPages(new Date(Date.now() - olderThanMs))
      })
    },
  }
}
