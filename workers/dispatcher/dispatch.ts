import type { Db } from '#db/client.ts'
import { claimOutbox, type OutboxJob } from '#db/queries/outbox.ts'
import type { Log } from '#workers/runtime/log.ts'

const CLAIM_LIMIT = 500
const AFTER_ERROR_MS = 1000

type Options = {
  db: Db
  log: Log
  send: (rows: OutboxJob[], claimedAt: number) => Promise<void>
}

/**
 * Moves due rows into their queues. While Valkey is away, adding waits for it, and nothing more is claimed; a
 * dispatcher that dies then leaves claimed rows, which `resendUnfinished` finds.
 */
export function createDispatch({ db, log, send }: Options) {
  let current: Promise<void> | undefined
  let isWantedAgain = false
  let isStopped = false
  let retry: NodeJS.Timeout | undefined

  async function moveAll() {
    do {
      isWantedAgain = false
      for (let moved = CLAIM_LIMIT; moved === CLAIM_LIMIT && !isStopped; ) moved = await moveSome()
    } while (isWantedAgain && !isStopped)
  }

  async function moveSome(): Promise<number> {
    const claimedAt = performance.now()
    const rows = await claimOutbox(db, { limit: CLAIM_LIMIT })
    if (rows.length === 0) return 0
    await send(rows, claimedAt)
    log.debug({ jobs: rows.length }, 'sent')
    return rows.length
  }

  /** Soon, and once for any number of calls meanwhile. */
  function wake() {
    isWantedAgain = true
    if (isStopped) return
    current ??= moveAll()
      .catch((error) => {
        log.warn({ err: error }, 'could not send jobs, trying again')
        clearTimeout(retry)
        retry = setTimeout(wake, AFTER_ERROR_MS)
      })
      .finally(() => {
        current = undefined
      })
  }

  return {
    wake,
    settled: async () => await current,
    async stop() {
      isStopped = true
      clearTimeout(retry)
      await current
    },
  }
}
