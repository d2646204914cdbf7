import pg from 'pg'
import type { Log } from '#workers/runtime/log.ts'

const CHANNEL = 'outbox'
const FIRST_RECONNECT_MS = 250
const MAX_RECONNECT_MS = 5000

type Options = {
  url: string
  log: Log
  /** Something may have been written: after each notice, and after each time of not hearing. */
  onNotice: () => void
}

/** Hears of new outbox rows on a connection of its own, which is opened again whenever it breaks. */
export function listenToOutbox({ url, log, onNotice }: Options) {
  let client: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined
  let delayMs = FIRST_RECONNECT_MS
  let isClosed = false
  let isKnownLost = false

  function open() {
    const opening = new pg.Client({ connectionString: url, keepAlive: true })
    client = opening
    let hasEnded = false
    const end = (error?: Error) => {
      if (hasEnded || isClosed) return
      hasEnded = true
      if (!isKnownLost) log.warn({ err: error }, 'Postgres is not reachable, waiting for it')
      isKnownLost = true
      void opening.end().catch(() => {})
      retry = setTimeout(open, delayMs)
      delayMs = Math.min(delayMs * 2, MAX_RECONNECT_MS)
    }
    opening.on('error', end)
    opening.on('end', () => end())
    opening.on('notification', onNotice)
    opening
      .connect()
      .then(() => opening.query(`listen ${CHANNEL}`))
      .then(() => {
        log.info(isKnownLost ? 'Postgres is back' : 'listening to the outbox')
        isKnownLost = false
        delayMs = FIRST_RECONNECT_MS
        onNotice()
      })
      .catch(end)
  }

  open()
  return {
    async close() {
      isClosed = true
      clearTimeout(retry)
      await client?.end().catch(() => {})
    },
  }
}
