import { AwsV4Signer } from 'aws4fetch'
import { withAnswerTimeout } from './answer-timeout.ts'
import type { S3Request, S3Response } from './s3.ts'
import { s3Storage } from './s3.ts'
import type { Storage } from './storage.ts'

export type StoreSettings = {
  /** Origin of the store: what requests are signed for. */
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** With a temporary key. */
  sessionToken?: string
  /** Of a list. S3's own limit is 1000. */
  keysPerPage?: number
}

/** The STORE binding's fetch, or the global one. */
export type StoreFetch = (url: string, init: RequestInit) => Promise<Response>

/** Until the answer's headers; a body may take as long as it flows. */
const ANSWER_TIMEOUT_MS = 60_000

// The key that AWS's scheme derives for a day, by secret, day, region and service.
const signingKeys = new Map<string, ArrayBuffer>()

const encodeSegment = (segment: string) =>
  encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

export function objectUrl({ endpoint, bucket }: StoreSettings, key = ''): URL {
  const path = [bucket, ...(key === '' ? [] : key.split('/'))].map(encodeSegment).join('/')
  return new URL(`/${path}`, endpoint)
}

export function signerFor(settings: StoreSettings, request: S3Request) {
  const url = objectUrl(settings, request.key)
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value)
  return { ...settings, service: 's3', cache: signingKeys, url: url.href, method: request.method }
}

/** A blank may stand as `+` in a query only by the rules of forms, which not every store reads by. */
export const hrefOf = (signed: URL) =>
  `${signed.origin}${signed.pathname}${signed.search.replaceAll('+', '%20')}`

async function sign(settings: StoreSettings, request: S3Request) {
  // Payloads are not hashed: TLS or loopback guards them, and where it counts a checksum header does.
  const headers = { ...request.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const signed = await new AwsV4Signer({ ...signerFor(settings, request), headers }).sign()
  return { ...signed, url: hrefOf(signed.url) }
}

function answerOf(response: Response): S3Response {
  const { status, headers } = response
  return {
    status,
    headers,
    body: response.body ?? new ReadableStream({ start: (controller) => controller.close() }),
    text: () => response.text(),
    discard: async () => void (await response.arrayBuffer()),
  }
}

/** Storage for the edge: holds nothing between requests but derived keys. */
export function createEdgeStorage(settings: StoreSettings, fetch: StoreFetch): Storage {
  async function send(request: S3Request): Promise<S3Response> {
    const { method, url, headers } = await sign(settings, request)
    const body = request.body as RequestInit['body'] // both runtimes take any Uint8Array
    const answer = await withAnswerTimeout(ANSWER_TIMEOUT_MS, (timeout) => {
      const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout
      return fetch(url, { method, headers, signal, redirect: 'manual', ...(body && { body }) })
    })
    return answerOf(answer)
  }
  return s3Storage(send, settings)
}
