import type { AssetClaims, SignedPut } from '#contracts/api/uploads.ts'

/**
 * - waiting, hashing, checking, uploading, verifying: on its way, in this order
 * - done, duplicate, failed: settled
 * - needsFile: begun earlier, and the file itself must be chosen again
 * - needsPermission: begun earlier, and a click must allow reading the file again
 */
export type EntryState =
  | 'waiting'
  | 'hashing'
  | 'checking'
  | 'uploading'
  | 'verifying'
  | 'done'
  | 'duplicate'
  | 'failed'
  | 'needsFile'
  | 'needsPermission'

/** One file as the person sees it. Replaced, never changed, so that `===` tells whether to draw it again. */
export type UploadEntry<Source> = {
  readonly id: string
  readonly name: string
  readonly sizeBytes: number
  readonly state: EntryState
  readonly hashedBytes: number
  readonly sentBytes: number
  readonly assetId?: string
  /** The asset that has these bytes lies in the trash. */
  readonly isTrashed?: boolean
  readonly reason?: string
  readonly canRetry: boolean
  readonly claims?: AssetClaims
  /** Absent while the file must be chosen again. */
  readonly source?: Source
}

export type UploadTotals = {
  files: number
  settled: number
  done: number
  duplicates: number
  failed: number
  bytes: number
  sentBytes: number
}

export type UploadSnapshot<Source> = {
  entries: readonly UploadEntry<Source>[]
  totals: UploadTotals
  bytesPerSecond: number
  secondsLeft: number | undefined
  isPaused: boolean
  isOffline: boolean
  isSignedOut: boolean
  isActive: boolean
}

export type FileFacts = {
  name: string
  sizeBytes: number
  modifiedAtMs: number
  /** Tells the same unchanged file from others without reading it. */
  fingerprint: string
}

/** SHA-1 of the file and, when it goes up in parts, the CRC32C of each part; all base64. */
export type FileHash = { checksum: string; partChecksums?: string[] }

export type Inspection = FileHash & { claims: AssetClaims }

export type PutRequest<Source> = {
  source: Source
  put: SignedPut
  onProgress: (sentBytes: number) => void
  signal: AbortSignal
}

/** What the store said. A fault on the way is a rejected `NetworkError`, an unreadable file a `SourceError`. */
export type PutAnswer = { status: number; retryAfterMs?: number; body: string }

/** What differs between the browser and Node. */
export type UploadPlatform<Source> = {
  readonly hashConcurrency: number
  factsOf(source: Source): FileFacts
  /** Reads the file once. With a hash known from earlier only its claims are read. */
  inspect(
    source: Source,
    options: { known?: FileHash; onProgress: (hashedBytes: number) => void; signal: AbortSignal },
  ): Promise<Inspection>
  /** The same file as it is now, after it was found changed. Rejects with a `SourceError` when it is gone. */
  refresh(source: Source): Promise<Source>
  put(request: PutRequest<Source>): Promise<PutAnswer>
  readSidecar(source: Source): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** The part of a source that can be kept over a reload, and what it needs to become a source again. */
  handleOf(source: Source): unknown
  reopen(handle: unknown, options: { mayAsk: boolean }): Promise<Reopened<Source>>
  isOnline(): boolean
  /** Calls back when the connection appears or goes. Returns how to stop. */
  watchOnline(onChange: () => void): () => void
  close(): void
}

export type Reopened<Source> =
  | { status: 'open'; source: Source }
  | { status: 'needsPermission' }
  | { status: 'gone' }

/** What is kept of an unfinished file. */
export type UploadRecord = {
  id: string
  fingerprint: string
  name: string
  sizeBytes: number
  modifiedAtMs: number
  hash?: FileHash
  claims?: AssetClaims
  handle?: unknown
  addedAtMs: number
}

export type UploadStore = {
  /** Unfinished files that no other open page works on, oldest first. */
  list(): Promise<UploadRecord[]>
  /** The hash of this unchanged file, if it was computed before. */
  findHash(fingerprint: string): Promise<FileHash | undefined>
  put(records: UploadRecord[]): Promise<void>
  /** Settled or cancelled: not to be listed again. */
  remove(ids: string[]): Promise<void>
}
