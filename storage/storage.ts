/** Inclusive on both ends, as HTTP counts. */
export type ByteRange = { start: number; end: number }

export type ObjectHead = {
  sizeBytes: number
  contentType: string
  etag: string
  modifiedAt: Date
  /** SHA-1 of the whole object, where the store has proven and kept it. */
  sha1: Uint8Array | undefined
  /** What its writer noted beside it, by lower-case names without `x-amz-meta-`. */
  metadata: Record<string, string>
}

export type StoredObject = {
  body: ReadableStream<Uint8Array>
  /** Of the whole object, also when a range was asked for. */
  sizeBytes: number
  contentType: string
  etag: string
}

export type ListedObject = { key: string; sizeBytes: number; etag: string; modifiedAt: Date }
export type ObjectPage = { objects: ListedObject[]; cursor: string | undefined }

export type MultipartId = { key: string; multipartId: string }
export type ListedMultipart = MultipartId & { startedAt: Date }
export type Part = { partNumber: number; etag: string }
export type ListedPart = Part & { sizeBytes: number }

export type PutOptions = {
  contentType: string
  /** The store refuses other bytes than these. */
  sha1?: Uint8Array
  /** Noted beside the object, by lower-case names. */
  metadata?: Record<string, string>
}

export type CopyOptions = {
  /** The ETag that the source must still have; else StoreError with status 412. */
  ifMatch?: string
  /** Replaces the source's type and drops everything else that its writer noted. */
  contentType?: string
}

/** What the store says of the object that it made; a SHA-1 only where it computes one. */
export type Copied = { etag: string; sha1: Uint8Array | undefined }

/**
 * The bucket. Implemented at the edge (storage/edge.ts) and in Node (storage/node.ts); both pass storage.suite.ts.
 * What is missing is `undefined`; removing what is missing succeeds; every other fault throws StoreError.
 */
export type Storage = {
  put(key: string, body: Uint8Array, options: PutOptions): Promise<void>
  get(
    key: string,
    options?: { range?: ByteRange; signal?: AbortSignal },
  ): Promise<StoredObject | undefined>
  head(key: string): Promise<ObjectHead | undefined>
  delete(keys: string[]): Promise<void>
  /** False, and nothing removed, when the object has another ETag by now. What is missing counts as removed. */
  deleteIfMatch(key: string, etag: string): Promise<boolean>
  /** Objects up to 5 GiB, S3's limit for one copy. */
  copy(from: string, to: string, options?: CopyOptions): Promise<Copied>
  /** For larger ones: a part that the store takes from another object, at least 5 MiB unless it is the last. */
  copyPart(
    from: string,
    upload: MultipartId,
    options: { partNumber: number; range: ByteRange; ifMatch: string },
  ): Promise<Part>
  /** In the order of keys, a page at a time. */
  list(prefix: string, cursor?: string): Promise<ObjectPage>
  createMultipart(key: string, options: { contentType: string }): Promise<MultipartId>
  uploadPart(upload: MultipartId, partNumber: number, body: Uint8Array): Promise<Part>
  /** All parts that arrived, by number; undefined once the upload is completed or aborted. */
  listParts(upload: MultipartId): Promise<ListedPart[] | undefined>
  /** Answers the ETag of the whole. */
  completeMultipart(upload: MultipartId, parts: Part[]): Promise<string>
  abortMultipart(upload: MultipartId): Promise<void>
  /** Multipart uploads that were neither completed nor aborted. MinIO knows them only by a whole key. */
  listMultiparts(prefix: string): Promise<ListedMultipart[]>
}

export class StoreError extends Error {
  readonly name = 'StoreError'
  readonly status: number
  /** S3's own code, such as `PreconditionFailed`. */
  readonly code: string

  constructor(message: string, { status, code }: { status: number; code: string }) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** A condition of the request does not hold: the object is another one by now. */
export function isChanged(error: unknown): boolean {
  return error instanceof StoreError && error.status === 412
}
