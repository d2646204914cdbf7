import { createWriteStream } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Client } from 'minio'
import type { StoreSettings } from './edge.ts'
import { ObjectWriter } from './object-writer.ts'
import { headOf, type S3Request, type S3Response, s3Storage } from './s3.ts'
import type { ByteRange, ObjectHead, PutOptions, Storage } from './storage.ts'

/** A store that sends or takes nothing for this long is given up. */
const IDLE_TIMEOUT_MS = 120_000
// The client throws a bare Error for these instead of handing on the answer.
const RETRYABLE_STATUS = new Set([408, 429, 499, 500, 502, 503, 504, 520])
/** Every status is handed on: what an answer means is decided in s3.ts. */
const ANY_STATUS = Array.from({ length: 400 }, (_, index) => 200 + index)

export type NodeStorage = Storage & {
  /** Writes an object of unknown size in constant memory. */
  putStream(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<void>
  /** The bytes as a Node stream; undefined when there is no such object. */
  stream(
    key: string,
    options?: { range?: ByteRange; signal?: AbortSignal },
  ): Promise<Readable | undefined>
  /** The bytes and what the store says of them, in one request; undefined when there is no such object. */
  open(
    key: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ head: ObjectHead; body: Readable } | undefined>
  /** False when there is no such object. A download that breaks off leaves a partial file and throws. */
  download(key: string, filePath: string, signal?: AbortSignal): Promise<boolean>
  ensureBucket(): Promise<void>
  /** Lets the process end: closes idle connections. */
  close(): void
}

type Answer = S3Response & { message: http.IncomingMessage }

function answerOf(message: http.IncomingMessage): Answer {
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, String(value))
  return {
    message,
    status: message.statusCode ?? 0,
    headers,
    get body() {
      return Readable.toWeb(message) as ReadableStream<Uint8Array> // Node's types are wider here
    },
    text: async () => Buffer.concat(await message.toArray()).toString('utf8'),
    discard: async () => void message.resume(),
  }
}

function transportFor(transport: typeof http | typeof https) {
  return {
    request(options: http.RequestOptions, onAnswer: (message: http.IncomingMessage) => void) {
      const request = transport.request({ ...options, timeout: IDLE_TIMEOUT_MS }, (message) => {
        if (RETRYABLE_STATUS.has(message.statusCode ?? 0)) message.resume()
        onAnswer(message)
      })
      request.on('timeout', () => request.destroy(new Error('store: nothing moved for too long')))
      return request
    },
  }
}

/** With an error, or a reader would take what came so far for the whole. */
function destroyWith(message: http.IncomingMessage, signal: AbortSignal): void {
  const onAbort = () =>
    message.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  signal.addEventListener('abort', onAbort)
  message.once('close', () => signal.removeEventListener('abort', onAbort))
}

function createClient(settings: StoreSettings) {
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = settings
  const url = new URL(endpoint)
  const isTls = url.protocol === 'https:'
  const transport = isTls ? https : http
  const agent = new transport.Agent({ keepAlive: true })
  const client = new Client({
    endPoint: url.hostname,
    port: Number(url.port || (isTls ? 443 : 80)),
    useSSL: isTls,
    accessKey: accessKeyId,
    secretKey: secretAccessKey,
    ...(sessionToken && { sessionToken }),
    region,
    pathStyle: true,
    transport: transportFor(transport) as typeof http, // only `request` is ever called
    transportAgent: agent,
    retryOptions: { disableRetry: true }, // jobs are retried as a whole
  })
  // Over plain http it would hash each payload with SHA-256; as at the edge, payloads go unsigned.
  Object.assign(client, { enableSHA256: false })
  return { client, agent }
}

/** Storage for workers. One per process: it keeps its connections. */
export function createNodeStorage(settings: StoreSettings): NodeStorage {
  const { client, agent } = createClient(settings)
  const { bucket } = settings

  async function send({ method, key, query, headers, body, signal }: S3Request): Promise<Answer> {
    signal?.throwIfAborted()
    const options = {
      method,
      bucketName: bucket,
      ...(key !== undefined && { objectName: key }),
      query: new URLSearchParams(query ?? {}).toString().replaceAll('+', '%20'),
      headers: {
        ...headers,
        ...(method !== 'GET' && { 'content-length': String(body?.length ?? 0) }),
      },
    }
    const payload = body ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : ''
    const message = await client.makeRequestStreamAsync(options, payload, '', ANY_STATUS, '')
    if (signal) destroyWith(message, signal)
    return answerOf(message)
  }

  const storage = s3Storage(send, settings)

  async function stream(
    key: string,
    { range, signal }: { range?: ByteRange; signal?: AbortSignal } = {},
  ) {
    const headers: Record<string, string> = range
      ? { range: `bytes=${range.start}-${range.end}` }
      : {}
    const answer = await send({ method: 'GET', key, headers, ...(signal && { signal }) })
    if (answer.status === 200 || answer.status === 206) return answer.message
    await answer.discard()
    if (answer.status === 404) return undefined
    throw new Error(`store: GET ${key}: status ${answer.status}`)
  }

  async function open(key: string, { signal }: { signal?: AbortSignal } = {}) {
    const headers = { 'x-amz-checksum-mode': 'ENABLED' }
    const answer = await send({ method: 'GET', key, headers, ...(signal && { signal }) })
    if (answer.status === 200) return { head: headOf(answer.headers), body: answer.message }
    await answer.discard()
    if (answer.status === 404) return undefined
    throw new Error(`store: GET ${key}: status ${answer.status}`)
  }

  return {
    ...storage,
    stream,
    open,

    async putStream(key, body, { contentType, ...options }) {
      const writer = new ObjectWriter({ storage, key, contentType })
      try {
        for await (const chunk of body) await writer.write(chunk)
        await writer.close(options)
      } catch (error) {
        await writer.abort()
        throw error
      }
    },

    async download(key, filePath, signal) {
      const source = await stream(key, signal ? { signal } : {})
      if (!source) return false
      await pipeline(source, createWriteStream(filePath), signal ? { signal } : {})
      return true
    },

    async ensureBucket() {
      if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket, settings.region)
    },

    close: () => agent.destroy(),
  }
}
