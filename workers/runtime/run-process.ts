import type { Log } from './log.ts'

const STOP_LIMIT_MS = 15_000

/** The common life of a Node process: ends in order on SIGTERM and SIGINT, at once on the second, never half. */
export function stopOnSignals(stop: () => Promise<unknown>, log: Log) {
  let isStopping = false
  async function onSignal(signal: NodeJS.Signals) {
    if (isStopping) process.exit(1)
    isStopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref()
    try {
      await stop()
      log.info('stopped')
      process.exit(0)
    } catch (error) {
      log.error({ err: error }, 'could not stop in order')
      process.exit(1)
    }
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('unhandledRejection', (reason) => {
    log.fatal({ err: reason }, 'a promise was rejected and nobody looked')
    process.exit(1)
  })
}
