import type { UploadCreateDto, UploadCreateResponseDto, UploadDto } from '#contracts/api/uploads.ts'
import { retryAfterMs } from './retry.ts'
import { ApiError, NetworkError } from './upload-errors.ts'

const REQUEST_TIMEOUT_MS = 60_000

export type CheckResult = {
  id: string
  action: 'accept' | 'reject'
  assetId?: string
  isTrashed?: boolean
}

export type UploadsApiOptions = {
  baseUrl: string
  headers?: Record<string, string>
  fetch?: typeof fetch
}

/** The server's upload routes, each one request. Answers are trusted to be what the contracts say. */
export function createUploadsApi(options: UploadsApiOptions) {
  const call = async <Answer>(path: string, init: RequestInit, signal: AbortSignal) => {
    const response = await send({ ...options, path, init, signal })
    return (response.status === 204 ? undefined : await readJson(response)) as Answer
  }
  const withOwnWay = <Dto extends UploadDto>(upload: Dto): Dto => ({
    ...upload,
    puts: upload.puts.map((put) => ({ ...put, url: ownWayTo(put.url, options.baseUrl) })),
  })
  const json = (body: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

  return {
    check: (assets: { id: string; checksum: string }[], signal: AbortSignal) =>
      call<{ results: CheckResult[] }>('/api/assets/bulk-upload-check', json({ assets }), signal),
    async create(upload: UploadCreateDto, signal: AbortSignal): Promise<UploadCreateResponseDto> {
      const created = await call<UploadCreateResponseDto>('/api/uploads', json(upload), signal)
      return created.status === 'upload'
        ? { ...created, upload: withOwnWay(created.upload) }
        : created
    },
    list: (signal: AbortSignal) => call<{ uploads: UploadDto[] }>('/api/uploads', {}, signal),
    async find({ id, fromPart }: { id: string; fromPart?: number }, signal: AbortSignal) {
      const query = fromPart ? `?from=${fromPart}` : ''
      return withOwnWay(await call<UploadDto>(`/api/uploads/${id}${query}`, {}, signal))
    },
    complete: (id: string, signal: AbortSignal) =>
      call<UploadDto>(`/api/uploads/${id}/complete`, { method: 'POST' }, signal),
    abort: (id: string, signal: AbortSignal) =>
      call<void>(`/api/uploads/${id}`, { method: 'DELETE' }, signal),
    putSidecar: (id: string, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal) =>
      call<void>(
        `/api/uploads/${id}/sidecar`,
        { method: 'PUT', headers: { 'content-type': 'application/rdf+xml' }, body: bytes },
        signal,
      ),
  }
}

export type UploadsApi = ReturnType<typeof createUploadsApi>

/**
 * Behind a proxy that ends TLS and is not known to the server, it signs for http. The scheme is no part of a
 * signature, so that a URL of our own host is taken the way we came ourselves.
 */
function ownWayTo(signedUrl: string, baseUrl: string): string {
  const url = new URL(signedUrl)
  const own = new URL(baseUrl)
  const isOwnHost = url.host.replace(/:(80|443)$/, '') === own.host
  return isOwnHost ? `${own.origin}${url.pathname}${url.search}` : signedUrl
}

type Call = UploadsApiOptions & { path: string; init: RequestInit; signal: AbortSignal }

async function send({ baseUrl, headers, path, init, signal, ...options }: Call) {
  const fetchIt = options.fetch ?? fetch
  const response = await fetchIt(`${baseUrl}${path}`, {
    ...init,
    headers: { accept: 'application/json', ...headers, ...(init.headers as object) },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new NetworkError('The server does not answer', { cause })
  })
  if (response.ok) return response
  throw new ApiError(await messageOf(response), {
    status: response.status,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
  })
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch (cause) {
    throw new NetworkError('The answer broke off', { cause })
  }
}

/** Immich's error body has a `message` that is text or a list of texts; a proxy's error page has none. */
async function messageOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined)
  const message = body && typeof body === 'object' && 'message' in body ? body.message : undefined
  if (Array.isArray(message)) return message.join(', ')
  return typeof message === 'string' ? message : `The server answered ${response.status}`
}
