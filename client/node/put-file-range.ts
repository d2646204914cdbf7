import { createReadStream } from 'node:fs'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, Agent as TlsAgent } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { retryAfterMs } from '../retry.ts'
import { NetworkError, SourceError } from '../upload-errors.ts'
import type { PutAnswer, PutRequest } from '../upload-types.ts'
import type { NodeSource } from './node-platform.ts'

const READ_BYTES = 512 * 1024
/** No byte taken and no answer for this long: the way is dead. The store may hash a part before it answers. */
const STALL_MS = 60_000
const MAX_ANSWER_BYTES = 64 * 1024

export function createPutAgents() {
  const http = new Agent({ keepAlive: true, maxFreeSockets: 16 })
  const https = new TlsAgent({ keepAlive: true, maxFreeSockets: 16 })
  return {
    http,
    https,
    destroy() {
      http.destroy()
      https.destroy()
    },
  }
}

export type PutAgents = ReturnType<typeof createPutAgents>

/** Sends a range of a file as the body of a signed PUT, never holding more than a buffer of it. */
export async function putFileRange(
  agents: PutAgents,
  { source, put, onProgress, signal }: PutRequest<NodeSource>,
): Promise<PutAnswer> {
  const file = createReadStream(source.path, {
    start: put.start,
    end: put.end - 1,
    highWaterMark: READ_BYTES,
  })
  const { answered, outgoing } = openRequest(agents, put, signal)
  let sentBytes = 0
  const sending = pipeline(
    file,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        yield chunk
        sentBytes += chunk.length
        onProgress(sentBytes)
      }
      if (sentBytes !== put.end - put.start) throw new SourceError('The file became shorter')
    },
    outgoing,
  )
  // The store may answer, and hang up, before it has taken the body: then its answer counts, not the broken pipe.
  const broken = sending.then(() => new Promise<never>(() => {}))
  try {
    const first = await Promise.race([
      answered,
      broken.catch((error: unknown) => settleFirst(error, answered)),
    ])
    return await readAnswer(first)
  } catch (error) {
    signal.throwIfAborted()
    throw faultOf(error)
  } finally {
    if (sentBytes < put.end - put.start) outgoing.destroy()
    file.destroy()
  }
}

function openRequest(
  agents: PutAgents,
  { url, headers, start, end }: PutRequest<NodeSource>['put'],
  signal: AbortSignal,
) {
  const isTls = url.startsWith('https:')
  const request = isTls ? httpsRequest : httpRequest
  const outgoing = request(url, {
    method: 'PUT',
    agent: isTls ? agents.https : agents.http,
    headers: { ...headers, 'content-length': end - start },
    signal,
  })
  outgoing.setTimeout(STALL_MS, () => outgoing.destroy(new Error('The connection stalled')))
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.on('error', reject)
  })
  answered.catch(() => {})
  return { outgoing, answered }
}

/** An answer that is on its way arrives within this time of the pipe breaking. */
const LATE_ANSWER_MS = 300

async function settleFirst(
  error: unknown,
  answered: Promise<IncomingMessage>,
): Promise<IncomingMessage> {
  if (error instanceof SourceError || isFileError(error)) throw error
  const tooLate = new Promise<never>((_, reject) => {
    setTimeout(() => reject(error), LATE_ANSWER_MS).unref()
  })
  return Promise.race([answered, tooLate])
}

async function readAnswer(answer: IncomingMessage): Promise<PutAnswer> {
  let body = ''
  answer.setEncoding('utf8')
  for await (const text of answer) if (body.length < MAX_ANSWER_BYTES) body += text
  const waitMs = retryAfterMs(answer.headers['retry-after'])
  const status = answer.statusCode ?? 0
  return waitMs === undefined ? { status, body } : { status, body, retryAfterMs: waitMs }
}

function isFileError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'syscall' in error &&
    ['open', 'read'].includes(`${error.syscall}`) &&
    'path' in error
  )
}

function faultOf(error: unknown): Error {
  if (error instanceof SourceError) return error
  if (isFileError(error)) return new SourceError('The file cannot be read', { cause: error })
  return new NetworkError('The connection broke', { cause: error })
}
