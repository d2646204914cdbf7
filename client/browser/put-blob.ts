import { retryAfterMs } from '../retry.ts'
import { NetworkError, SourceError } from '../upload-errors.ts'
import type { PutAnswer, PutRequest } from '../upload-types.ts'
import type { BrowserSource } from './sources.ts'

/** No byte taken and no answer for this long: the way is dead. The store may hash a part before it answers. */
const STALL_MS = 60_000
/** Headers that the browser sets itself and lets no page set. */
const OWN_HEADERS = ['content-length', 'host', 'connection']

/** XMLHttpRequest, because only it tells how far an upload is. */
export async function putBlob(request: PutRequest<BrowserSource>): Promise<PutAnswer> {
  const { file } = request.source
  // A typed slice would send a Content-Type that the signature does not know.
  const body = file.slice(request.put.start, request.put.end, '')
  try {
    return await send(request, body)
  } catch (error) {
    request.signal.throwIfAborted()
    // A file that was moved or changed fails like a broken connection; reading a byte tells which it was.
    await body
      .slice(0, 1)
      .arrayBuffer()
      .catch((cause: unknown) => {
        throw new SourceError('The file can no longer be read', { cause })
      })
    throw error
  }
}

function send({ put, onProgress, signal }: PutRequest<BrowserSource>, body: Blob) {
  return new Promise<PutAnswer>((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    let stall: ReturnType<typeof setTimeout> | undefined
    const watchStall = () => {
      clearTimeout(stall)
      stall = setTimeout(() => xhr.abort(), STALL_MS)
    }
    const abort = () => xhr.abort()
    const end = () => {
      clearTimeout(stall)
      signal.removeEventListener('abort', abort)
    }
    const fault = () => {
      end()
      reject(new NetworkError('The connection broke'))
    }
    xhr.open('PUT', put.url)
    for (const [name, value] of Object.entries(put.headers)) {
      if (!OWN_HEADERS.includes(name.toLowerCase())) xhr.setRequestHeader(name, value)
    }
    xhr.upload.onprogress = (event) => {
      watchStall()
      onProgress(event.loaded)
    }
    xhr.onload = () => {
      end()
      const waitMs = retryAfterMs(xhr.getResponseHeader('retry-after'))
      const { status, responseText } = xhr
      const answer = { status, body: responseText.slice(0, 65_536) }
      resolve(waitMs === undefined ? answer : { ...answer, retryAfterMs: waitMs })
    }
    xhr.onerror = fault
    xhr.onabort = fault
    signal.addEventListener('abort', abort, { once: true })
    watchStall()
    xhr.send(body)
  })
}
