import { Redis } from 'ioredis'
import type { Log } from './log.ts'

const FIRST_RECONNECT_MS = 50
const MAX_RECONNECT_MS = 1000

/**
 * Writes what the work of one turn sends in one go: a system call for each small command costs a worker of many small
 * jobs a third of its time. Unlike ioredis' own pipelining, each command is still sent again by itself after a loss.
 */
class GatheringRedis extends Redis {
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    const socket = stream ? undefined : this.stream
    if (socket?.writable && socket.writableCorked === 0) {
      socket.cork()
      process.nextTick(() => socket.uncork())
    }
    return super.sendCommand(command, stream)
  }
}

/**
 * A connection whose commands wait for Valkey to come back instead of failing. Losing and regaining it is one log
 * line each, however many attempts lie between.
 */
export function connectValkey({ url, log }: { url: string; log: Log }): Redis {
  const valkey = new GatheringRedis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(FIRST_RECONNECT_MS * 2 ** tries, MAX_RECONNECT_MS),
  })
  let isKnownLost = false
  let isClosing = false
  valkey.on('ready', () => {
    log.info(isKnownLost ? 'Valkey is back' : 'connected to Valkey')
    isKnownLost = false
  })
  valkey.on('close', () => {
    if (isKnownLost || isClosing) return
    isKnownLost = true
    log.warn('Valkey is not reachable, waiting for it')
  })
  valkey.on('end', () => {
    isClosing = true
  })
  // Every attempt that fails is an error event; 'close' has said it already.
  valkey.on('error', () => {})
  return valkey
}

/** Leaves without waiting for a Valkey that may be gone. */
export async function disconnectValkey(valkey: Redis): Promise<void> {
  valkey.removeAllListeners('close')
  if (valkey.status === 'ready') await valkey.quit().catch(() => {})
  else valkey.disconnect()
}
