import { base64Of, bytesOfBase64 } from '#contracts/checksum.ts'
import { decodeKey, escapeXml, xmlElements, xmlText } from './s3-xml.ts'
import {
  isChanged,
  type ListedMultipart,
  type ListedPart,
  type MultipartId,
  type ObjectHead,
  type Part,
  type Storage,
  StoreError,
} from './storage.ts'

export type S3Request = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Absent: the request is about the bucket. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Uint8Array
  signal?: AbortSignal
}

export type S3Response = {
  status: number
  headers: Headers
  body: ReadableStream<Uint8Array>
  text(): Promise<string>
  /** Frees the connection when nobody reads the body. */
  discard(): Promise<void>
}

/** Signs and sends. Answers of every status are returned; only a store that cannot be reached throws. */
export type S3Send = (request: S3Request) => Promise<S3Response>

const DELETES_IN_FLIGHT = 8

async function failureOf(request: S3Request, response: S3Response): Promise<StoreError> {
  const xml = await response.text()
  const code = xmlText(xml, 'Code') ?? `Status${response.status}`
  const reason = xmlText(xml, 'Message') ?? `status ${response.status}`
  return new StoreError(`store: ${request.method} ${request.key ?? ''}: ${code}: ${reason}`, {
    status: response.status,
    code,
  })
}

const META = 'x-amz-meta-'

function metadataOf(headers: Headers): Record<string, string> {
  const entries = [...headers].filter(([name]) => name.startsWith(META))
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(META.length), value]))
}

/** A SHA-1 of parts' SHA-1s ends in "-<parts>": it proves nothing about the file's own SHA-1. */
function wholeSha1(sha1: string | null | undefined): Uint8Array | undefined {
  return sha1 && !sha1.includes('-') ? bytesOfBase64(sha1) : undefined
}

export function headOf(headers: Headers): ObjectHead {
  return {
    sizeBytes: Number(headers.get('content-length') ?? 0),
    contentType: headers.get('content-type') ?? 'application/octet-stream',
    etag: headers.get('etag') ?? '',
    modifiedAt: new Date(headers.get('last-modified') ?? 0),
    sha1: wholeSha1(headers.get('x-amz-checksum-sha1')),
    metadata: metadataOf(headers),
  }
}

function totalSizeOf(headers: Headers): number {
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]
  return Number(total ?? headers.get('content-length') ?? 0)
}

const copySource = (bucket: string, key: string) =>
  `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`

function completionXml(parts: Part[]): Uint8Array {
  const lines = [...parts]
    .sort((a, b) => a.partNumber - b.partNumber)
    .map(
      ({ partNumber, etag }) =>
        `<Part><PartNumber>${partNumber}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    )
  return new TextEncoder().encode(
    `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${lines.join('')}</CompleteMultipartUpload>`,
  )
}

type Bucket = { bucket: string; keysPerPage?: number }

/** What S3 answers mean, over whatever signs and sends the requests. */
export function s3Storage(send: S3Send, { bucket, keysPerPage = 1000 }: Bucket): Storage {
  async function succeed(request: S3Request): Promise<S3Response> {
    const response = await send(request)
    if (response.status >= 300) throw await failureOf(request, response)
    return response
  }

  async function findOne(request: S3Request): Promise<S3Response | undefined> {
    const response = await send(request)
    if (response.status === 404) {
      await response.discard()
      return undefined
    }
    if (response.status >= 300) throw await failureOf(request, response)
    return response
  }

  async function deleteOne(key: string) {
    const response = await findOne({ method: 'DELETE', key })
    await response?.discard()
  }

  const copyHeaders = (from: string, ifMatch: string | undefined): Record<string, string> => ({
    'x-amz-copy-source': copySource(bucket, from),
    ...(ifMatch && { 'x-amz-copy-source-if-match': ifMatch }),
  })

  async function copied(request: S3Request) {
    const response = await succeed(request)
    const xml = await response.text()
    // S3 may begin to answer 200 before it has copied, and tell of a failure in the body.
    if (xml.includes('<Error>'))
      throw new StoreError(xml, { status: 500, code: xmlText(xml, 'Code') ?? '' })
    return { xml, headers: response.headers }
  }

  async function listPartsAfter(
    { key, multipartId }: MultipartId,
    marker: string,
  ): Promise<{ parts: ListedPart[]; next: string | undefined } | undefined> {
    const query = { uploadId: multipartId, 'part-number-marker': marker, 'max-parts': '1000' }
    const response = await findOne({ method: 'GET', key, query })
    if (!response) return undefined
    const xml = await response.text()
    const parts = xmlElements(xml, 'Part').map((part) => ({
      partNumber: Number(xmlText(part, 'PartNumber')),
      etag: xmlText(part, 'ETag') ?? '',
      sizeBytes: Number(xmlText(part, 'Size')),
    }))
    const isTruncated = xmlText(xml, 'IsTruncated') === 'true'
    return { parts, next: isTruncated ? xmlText(xml, 'NextPartNumberMarker') : undefined }
  }

  return {
    async put(key, body, { contentType, sha1, metadata = {} }) {
      const checksum = sha1 && { 'x-amz-checksum-sha1': base64Of(sha1) }
      const noted = Object.entries(metadata).map(([name, value]) => [META + name, value])
      const headers = { 'content-type': contentType, ...checksum, ...Object.fromEntries(noted) }
      await (await succeed({ method: 'PUT', key, headers, body })).discard()
    },

    async get(key, { range, signal } = {}) {
      const headers: Record<string, string> = range
        ? { range: `bytes=${range.start}-${range.end}` }
        : {}
      const response = await findOne({ method: 'GET', key, headers, ...(signal && { signal }) })
      if (!response) return undefined
      const { contentType, etag } = headOf(response.headers)
      return { body: response.body, sizeBytes: totalSizeOf(response.headers), contentType, etag }
    },

    async head(key) {
      const headers = { 'x-amz-checksum-mode': 'ENABLED' }
      const response = await findOne({ method: 'HEAD', key, headers })
      await response?.discard()
      return response && headOf(response.headers)
    },

    async delete(keys) {
      for (let start = 0; start < keys.length; start += DELETES_IN_FLIGHT) {
        await Promise.all(keys.slice(start, start + DELETES_IN_FLIGHT).map(deleteOne))
      }
    },

    async deleteIfMatch(key, etag) {
      const found = await findOne({ method: 'HEAD', key })
      await found?.discard()
      if (!found) return true
      if (headOf(found.headers).etag !== etag) return false
      try {
        // Not every store heeds the condition. One that does leaves no gap between the look and the deed.
        const gone = await findOne({ method: 'DELETE', key, headers: { 'if-match': etag } })
        await gone?.discard()
      } catch (error) {
        if (isChanged(error)) return false
        if (!(error instanceof StoreError) || error.status !== 501) throw error
        await deleteOne(key)
      }
      return true
    },

    async copy(from, to, { ifMatch, contentType } = {}) {
      const headers = {
        ...copyHeaders(from, ifMatch),
        'x-amz-checksum-algorithm': 'SHA1',
        ...(contentType && {
          'content-type': contentType,
          'x-amz-metadata-directive': 'REPLACE',
          'x-amz-tagging-directive': 'REPLACE',
        }),
      }
      const { xml, headers: answered } = await copied({ method: 'PUT', key: to, headers })
      const sha1 = answered.get('x-amz-checksum-sha1') ?? xmlText(xml, 'ChecksumSHA1')
      return { etag: xmlText(xml, 'ETag') ?? '', sha1: wholeSha1(sha1) }
    },

    async copyPart(from, { key, multipartId }, { partNumber, range, ifMatch }) {
      const headers = {
        ...copyHeaders(from, ifMatch),
        'x-amz-copy-source-range': `bytes=${range.start}-${range.end}`,
      }
      const query = { uploadId: multipartId, partNumber: String(partNumber) }
      const { xml } = await copied({ method: 'PUT', key, query, headers })
      return { partNumber, etag: xmlText(xml, 'ETag') ?? '' }
    },

    async list(prefix, cursor) {
      const query = {
        'list-type': '2',
        'encoding-type': 'url',
        'max-keys': String(keysPerPage),
        prefix,
        ...(cursor && { 'continuation-token': cursor }),
      }
      const xml = await (await succeed({ method: 'GET', query })).text()
      const objects = xmlElements(xml, 'Contents').map((object) => ({
        key: decodeKey(xmlText(object, 'Key') ?? ''),
        sizeBytes: Number(xmlText(object, 'Size')),
        etag: xmlText(object, 'ETag') ?? '',
        modifiedAt: new Date(xmlText(object, 'LastModified') ?? 0),
      }))
      return { objects, cursor: xmlText(xml, 'NextContinuationToken') }
    },

    async createMultipart(key, { contentType }) {
      const headers = { 'content-type': contentType }
      const xml = await (
        await succeed({ method: 'POST', key, query: { uploads: '' }, headers })
      ).text()
      const multipartId = xmlText(xml, 'UploadId')
      if (!multipartId)
        throw new StoreError('store: no upload id', { status: 500, code: 'NoUploadId' })
      return { key, multipartId }
    },

    async uploadPart({ key, multipartId }, partNumber, body) {
      const query = { uploadId: multipartId, partNumber: String(partNumber) }
      const response = await succeed({ method: 'PUT', key, query, body })
      await response.discard()
      return { partNumber, etag: response.headers.get('etag') ?? '' }
    },

    async listParts(upload) {
      const all: ListedPart[] = []
      let marker: string | undefined = '0'
      while (marker !== undefined) {
        const page = await listPartsAfter(upload, marker)
        if (!page) return undefined
        all.push(...page.parts)
        marker = page.next
      }
      return all
    },

    async completeMultipart({ key, multipartId }, parts) {
      const request: S3Request = {
        method: 'POST',
        key,
        query: { uploadId: multipartId },
        headers: { 'content-type': 'application/xml' },
        body: completionXml(parts),
      }
      // As with copies, a 200 may carry a failure.
      const { xml } = await copied(request)
      return xmlText(xml, 'ETag') ?? ''
    },

    async abortMultipart({ key, multipartId }) {
      const response = await findOne({ method: 'DELETE', key, query: { uploadId: multipartId } })
      await response?.discard()
    },

    async listMultiparts(prefix) {
      const all: ListedMultipart[] = []
      let markers: Record<string, string> | undefined = {}
      while (markers) {
        const query = { uploads: '', 'encoding-type': 'url', prefix, ...markers }
        const xml: string = await (await succeed({ method: 'GET', query })).text()
        all.push(
          ...xmlElements(xml, 'Upload').map((upload) => ({
            key: decodeKey(xmlText(upload, 'Key') ?? ''),
            multipartId: xmlText(upload, 'UploadId') ?? '',
            startedAt: new Date(xmlText(upload, 'Initiated') ?? 0),
          })),
        )
        const isTruncated: boolean = xmlText(xml, 'IsTruncated') === 'true'
        markers = isTruncated
          ? {
              'key-marker': decodeKey(xmlText(xml, 'NextKeyMarker') ?? ''),
              'upload-id-marker': xmlText(xml, 'NextUploadIdMarker') ?? '',
            }
          : undefined
      }
      return all
    },
  }
}
