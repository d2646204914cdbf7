import type { PgDb } from '#db/node.ts'
import { serveInternal } from '#workers/runtime/internal-http.ts'
import type { Log } from '#workers/runtime/log.ts'
import { createMetrics } from '#workers/runtime/metrics.ts'
import { connectValkey, disconnectValkey } from '#workers/runtime/valkey.ts'
import { createDispatch } from './dispatch.ts'
import { listenToOutbox } from './listen.ts'
import { openQueues } from './queues.ts'
import { createResend } from './resend.ts'
import { dispatcherRoutes } from './routes.ts'
import { runSchedules, type Schedule } from './schedules.ts'

/** Finds rows that come due later, and whatever a notice did not reach. */
const POLL_MS = 5000
/** Jobs lost one by one, with the marker still in place. */
const SWEEP_EVERY_MS = 5 * 60_000
const SWEEP_OLDER_THAN_MS = 60_000

type Options = {
  db: PgDb
  /** For the connection that listens; not through a pooler. */
  listenUrl: string
  valkey: { url: string; prefix: string }
  http: { host: string; port: number; secret: string }
  log: Log
  schedules: Schedule[]
  clock?: () => Date
  pollMs?: number
}

/** Outbox rows into queues, what was lost again, schedules, and the answers about queues. */
export async function startDispatcher(options: Options) {
  const { db, log, clock = () => new Date(), pollMs = POLL_MS } = options
  const { prefix } = options.valkey
  const metrics = createMetrics()
  const countSent = metrics.counter('tintype_outbox_sent_total', 'Jobs put into their queues')
  const valkey = connectValkey({ url: options.valkey.url, log })
  const queues = openQueues({ valkey, prefix })
  const onSent = (count: number) => countSent({}, count)
  const resend = createResend({ db, valkey, prefix, queues, log, onSent })
  const dispatch = createDispatch({ db, log, send: resend.send })

  const quietly = (work: Promise<unknown>, what: string) => {
    work.catch((error) => log.warn({ err: error }, `${what} did not succeed`))
  }
  const findLosses = () => quietly(resend.findLosses(), 'the search for lost jobs')
  const sweep = () => {
    const sentBefore = new Date(Date.now() - SWEEP_OLDER_THAN_MS)
    quietly(resend.resendUnfinished({ sentBefore }), 'the sweep of unfinished jobs')
  }

  valkey.on('ready', findLosses)
  // Rows that a dispatcher claimed and did not live to send.
  resend.resendOnceSettled(new Date())
  const listener = listenToOutbox({ url: options.listenUrl, log, onNotice: dispatch.wake })
  const timers = [
    setInterval(() => {
      findLosses()
      dispatch.wake()
    }, pollMs),
    setInterval(sweep, SWEEP_EVERY_MS),
  ]
  const running = runSchedules({
    db,
    log,
    clock,
    schedules: options.schedules,
    onTurn: dispatch.wake,
  })
  const { wake, settled } = dispatch
  const routes = dispatcherRoutes({ db, valkey, queues, metrics, wake, settled })
  const server = await serveInternal({ ...options.http, routes, log })

  return {
    port: server.port,
    async stop() {
      for (const timer of timers) clearInterval(timer)
      resend.stop()
      await Promise.all([server.close(), listener.close()])
      // Whoever waits for a Valkey that is away gives up when the connection ends.
      const ended = Promise.allSettled([running.stop(), dispatch.stop()])
      if (valkey.status === 'ready') await ended
      await disconnectValkey(valkey)
      await queues.close()
    },
  }
}

export type Dispatcher = Awaited<ReturnType<typeof startDispatcher>>
