import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCRC32 } from 'hash-wasm'
import type { UploadCreateDto, UploadDto } from '#contracts/api/uploads.ts'
import { UPLOAD_PUTS_PER_ANSWER } from '#contracts/api/uploads.ts'
import type { AssetId, UploadId } from '#contracts/ids.ts'
import { partsOf } from '#contracts/upload-parts.ts'

type Upload = UploadCreateDto & {
  id: string
  assetId: string
  state: UploadDto['state']
  parts: Map<number, Buffer>
  reason: string | null
}

/** What a request meets instead of the server: an answer, or its connection cut after some bytes of the body. */
export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string }
  | { cutAfterBytes: number }

type Request = { method: string; path: string; search: URLSearchParams }

/**
 * Speaks the protocol of `/api/uploads` from memory and verifies every hash, and fails where a test wants it to.
 * The real edge is met in test/e2e/upload.test.ts.
 */
export async function startStandInUploadServer(options: {
  faultOf?: (request: Request) => Fault | undefined
  /** A PUT's bytes are taken in once this resolves. */
  whenTaken?: (request: Request) => Promise<void> | undefined
  verifyPolls?: number
}) {
  const uploads = new Map<string, Upload>()
  const assets = new Map<string, string>()
  const seen: string[] = []
  const crc32c = await createCRC32(0x82f63b78)
  let receivedBytes = 0
  let inFlight = 0
  let maxInFlight = 0
  let pollsLeft = options.verifyPolls ?? 0

  const present = (upload: Upload, fromPart = 1): UploadDto => {
    const ranges = partsOf(upload.sizeBytes)
    const missing = ranges.filter(({ partNumber }) => !upload.parts.has(partNumber))
    return {
      id: upload.id as UploadId,
      state: upload.state,
      assetId: upload.assetId as AssetId,
      fileName: upload.fileName,
      sizeBytes: upload.sizeBytes,
      checksum: upload.checksum,
      arrivedBytes: [...upload.parts.values()].reduce((sum, bytes) => sum + bytes.length, 0),
      arrivedParts: [...upload.parts.keys()],
      puts:
        upload.state === 'pending'
          ? missing
              .filter(({ partNumber }) => partNumber >= fromPart)
              .slice(0, UPLOAD_PUTS_PER_ANSWER)
              .map((range) => ({
                ...range,
                url: `${baseUrl}/store/${upload.id}/${range.partNumber}?signature=${signature}`,
                headers: {
                  'x-amz-checksum-crc32c': upload.partChecksums?.[range.partNumber - 1] ?? '',
                },
              }))
          : [],
      putsExpireAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdAt: new Date().toISOString(),
      reason: upload.reason,
    }
  }

  const create = (dto: UploadCreateDto) => {
    const assetId = assets.get(dto.checksum)
    if (assetId) return { status: 200, body: { status: 'duplicate', assetId, isTrashed: false } }
    const open = [...uploads.values()].find(
      (upload) => upload.checksum === dto.checksum && upload.state === 'pending',
    )
    const upload = open ?? {
      ...dto,
      id: randomUUID(),
      assetId: randomUUID(),
      state: 'pending' as const,
      parts: new Map(),
      reason: null,
    }
    uploads.set(upload.id, upload)
    return { status: 201, body: { status: 'upload', upload: present(upload) } }
  }

  const complete = (upload: Upload) => {
    const ranges = partsOf(upload.sizeBytes)
    if (ranges.some(({ partNumber }) => !upload.parts.has(partNumber))) {
      return { status: 200, body: present(upload) }
    }
    if (pollsLeft > 0) upload.state = 'verifying'
    else verify(upload)
    return { status: 200, body: present(upload) }
  }

  const verify = (upload: Upload) => {
    const hash = createHash('sha1')
    for (const { partNumber } of partsOf(upload.sizeBytes)) {
      hash.update(upload.parts.get(partNumber) ?? '')
    }
    const isTrue = hash.digest('base64') === upload.checksum
    upload.state = isTrue ? 'complete' : 'failed'
    upload.reason = isTrue ? null : 'The bytes are not those that were announced'
    if (isTrue) assets.set(upload.checksum, upload.assetId)
  }

  const takePart = async (upload: Upload, partNumber: number, request: IncomingMessage) => {
    const bytes = await readBody(request)
    receivedBytes += bytes.length
    const range = partsOf(upload.sizeBytes)[partNumber - 1]
    if (!range || bytes.length !== range.end - range.start) return { status: 403, body: '' }
    const announced = request.headers['x-amz-checksum-crc32c']
    crc32c.init()
    crc32c.update(bytes)
    const digest = Buffer.from(crc32c.digest('binary')).toString('base64')
    if (announced && announced !== digest) {
      return { status: 400, body: '<Error><Code>XAmzContentChecksumMismatch</Code></Error>' }
    }
    if (upload.parts.has(partNumber)) return { status: 412, body: '' }
    upload.parts.set(partNumber, bytes)
    return { status: 200, body: '' }
  }

  const answer = async (request: IncomingMessage, url: URL) => {
    const [, first, second, third, fourth] = url.pathname.split('/')
    if (first === 'store') {
      const upload = uploads.get(second ?? '')
      if (!upload) return { status: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' }
      if (url.searchParams.get('signature') !== signature) return { status: 403, body: '' }
      return takePart(upload, Number(third), request)
    }
    const body = await readBody(request)
    if (second === 'assets') {
      const { assets: asked } = JSON.parse(body.toString())
      const results = asked.map(({ id, checksum }: { id: string; checksum: string }) => {
        const assetId = assets.get(checksum)
        return assetId
          ? { id, action: 'reject', assetId, isTrashed: false }
          : { id, action: 'accept' }
      })
      return { status: 200, body: { results } }
    }
    if (!third) {
      return request.method === 'POST'
        ? create(JSON.parse(body.toString()))
        : { status: 200, body: { uploads: [...uploads.values()].map((upload) => present(upload)) } }
    }
    const upload = uploads.get(third)
    if (!upload) return { status: 400, body: { message: 'Not found or no asset.upload access' } }
    if (fourth === 'complete') return complete(upload)
    if (request.method === 'DELETE') {
      uploads.delete(third)
      return { status: 204, body: '' }
    }
    if (upload.state === 'verifying' && --pollsLeft <= 0) verify(upload)
    return { status: 200, body: present(upload, Number(url.searchParams.get('from') ?? 1)) }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', baseUrl)
    const method = request.method ?? 'GET'
    seen.push(`${method} ${url.pathname.replaceAll(/[0-9a-f-]{36}/g, ':id')}`)
    const asked = { method, path: url.pathname, search: url.searchParams }
    const fault = options.faultOf?.(asked)
    if (fault && 'cutAfterBytes' in fault) return cutAfter(request, fault.cutAfterBytes)
    if (fault) {
      // As real servers do: what is still coming is taken in, else the client may never see the answer.
      request.resume()
      response.writeHead(fault.status, fault.headers)
      return response.end(fault.body ?? '')
    }
    const isPut = method === 'PUT'
    inFlight += isPut ? 1 : 0
    maxInFlight = Math.max(maxInFlight, inFlight)
    if (isPut) await options.whenTaken?.(asked)
    const { status, body } = await answer(request, url).finally(() => {
      inFlight -= isPut ? 1 : 0
    })
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let signature = 'first'

  return {
    baseUrl,
    uploads,
    assets,
    seen,
    get receivedBytes() {
      return receivedBytes
    },
    get maxInFlight() {
      return maxInFlight
    },
    /** Signed requests handed out so far are refused from now on. */
    expireSignatures: () => {
      signature = randomUUID()
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function cutAfter(request: IncomingMessage, bytes: number) {
  let received = 0
  if (bytes === 0) return request.socket.destroy()
  request.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received >= bytes) request.socket.destroy()
  })
}
