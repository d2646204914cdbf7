import { Agent, request } from 'node:http'
import type { PushMessage } from '#contracts/events.ts'
import type { Log } from './log.ts'

const GATHER_MS = 20
const TIMEOUT_MS = 3000
const MAX_WAITING = 5000
const MAX_BATCH = 1000

export type Pusher = {
  /** See [Note: Telling what happened]. Returns at once. */
  push: (messages: PushMessage[]) => void
  /** Sends what waits, for as long as one request may take. */
  close: () => Promise<void>
}

type Options = { url: string; secret: string; log: Log }

/**
 * Tells the Hub what happened, one request at a time with all that came together. While the Hub is away messages are
 * dropped: whoever listens asks anew when it is back.
 */
export function createPusher({ url, secret, log }: Options): Pusher {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const waiting: PushMessage[] = []
  let sending: Promise<void> | undefined
  let isKnownAway = false

  async function sendAll() {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS))
    while (waiting.length > 0) {
      const events = waiting.splice(0, MAX_BATCH)
      try {
        await post({ url: `${url}/push`, secret, agent, body: JSON.stringify({ events }) })
        if (isKnownAway) log.info('the Hub is back')
        isKnownAway = false
      } catch (error) {
        if (!isKnownAway) log.warn({ err: error }, 'the Hub does not answer, nobody is told')
        isKnownAway = true
      }
    }
    sending = undefined
  }

  return {
    push(messages) {
      waiting.push(...messages)
      waiting.splice(0, waiting.length - MAX_WAITING)
      sending ??= sendAll()
    },
    async close() {
      await sending
      agent.destroy()
    },
  }
}

type Post = { url: string; secret: string; agent: Agent; body: string }

function post({ url, secret, agent, body }: Post): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent,
      timeout: TIMEOUT_MS,
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    })
    sent.once('response', (response) => {
      response.resume()
      response.once('end', () => {
        if (response.statusCode === 204) resolve()
        else reject(new Error(`the Hub answered ${response.statusCode}`))
      })
      response.once('error', reject)
    })
    sent.once('timeout', () => sent.destroy(new Error('the Hub takes too long')))
    sent.once('error', reject)
    sent.end(body)
  })
}
