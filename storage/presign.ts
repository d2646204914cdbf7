import { AwsV4Signer } from 'aws4fetch'
import { base64Of } from '#contracts/checksum.ts'
import { hrefOf, type StoreSettings, signerFor } from './edge.ts'
import type { MultipartId } from './storage.ts'

/** A request that anyone may make as it stands until it expires. */
export type SignedRequest = { url: string; headers: Record<string, string> }

export type Presigner = {
  presignPut(
    key: string,
    options: { sizeBytes: number; contentType: string; sha1?: Uint8Array; ifAbsent?: true },
  ): Promise<SignedRequest>
  presignPart(
    upload: MultipartId,
    options: { partNumber: number; sizeBytes: number; crc32c?: string },
  ): Promise<SignedRequest>
  /** `cacheControl` goes out with the answer. */
  presignGet(key: string, options?: { cacheControl?: string }): Promise<string>
}

type Signing = {
  /** The origin that the signed URLs name: the client's own way to us, or the store's public address. */
  origin: string
  signedAt: Date
  expiresInSeconds: number
}

const amzDate = (date: Date) => date.toISOString().replace(/[:-]|\.\d{3}/g, '')

/** Everything in `headers` is part of the signature, so the store refuses other lengths and other bytes. */
export function createPresigner(
  settings: StoreSettings,
  { origin, signedAt, expiresInSeconds }: Signing,
): Presigner {
  async function presign(
    method: 'PUT' | 'GET',
    key: string,
    {
      query = {},
      headers = {},
    }: { query?: Record<string, string>; headers?: Record<string, string> },
  ): Promise<SignedRequest> {
    const expiry = { 'X-Amz-Expires': String(expiresInSeconds) }
    const request = { method, key, query: { ...query, ...expiry } }
    const { url } = await new AwsV4Signer({
      ...signerFor({ ...settings, endpoint: origin }, request),
      headers,
      datetime: amzDate(signedAt),
      signQuery: true,
      allHeaders: true,
    }).sign()
    // Browsers set the length themselves and forbid scripts to.
    const { 'content-length': _, ...sent } = headers
    return { url: hrefOf(url), headers: sent }
  }

  return {
    presignPut: (key, { sizeBytes, contentType, sha1, ifAbsent }) =>
      presign('PUT', key, {
        headers: {
          'content-length': String(sizeBytes),
          'content-type': contentType,
          ...(sha1 && { 'x-amz-checksum-sha1': base64Of(sha1) }),
          ...(ifAbsent && { 'if-none-match': '*' }),
        },
      }),
    presignPart: ({ key, multipartId }, { partNumber, sizeBytes, crc32c }) =>
      presign('PUT', key, {
        query: { uploadId: multipartId, partNumber: String(partNumber) },
        headers: {
          'content-length': String(sizeBytes),
          ...(crc32c && { 'x-amz-checksum-crc32c': crc32c }),
        },
      }),
    presignGet: async (key, { cacheControl } = {}) => {
      const query: Record<string, string> = cacheControl
        ? { 'response-cache-control': cacheControl }
        : {}
      return (await presign('GET', key, { query })).url
    },
  }
}
