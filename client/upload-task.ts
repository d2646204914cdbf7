import { mediaTypeOfName } from '#contracts/media-types.ts'
import { SINGLE_PUT_MAX_BYTES } from '#contracts/upload-parts.ts'
import { ApiError, NetworkError, SourceError, UploadFailure } from './upload-errors.ts'
import type { FileFacts, FileHash, UploadEntry, UploadRecord } from './upload-types.ts'

export type Stage =
  | 'waiting'
  | 'hashing'
  | 'hashed'
  | 'ready'
  | 'sending'
  | 'verifying'
  | 'parked'
  | 'settled'

export type Task<Source> = {
  entry: UploadEntry<Source>
  facts: FileFacts | undefined
  hash: FileHash | undefined
  record: UploadRecord
  uploadId: string | undefined
  /** Where it stands in the queue, finer than what the person sees. */
  stage: Stage
  /** The hash was not computed now: a file may have changed without showing it. */
  isHashRemembered: boolean
  wasRehashed: boolean
  controller: AbortController
}

export function createTask<Source>(facts: Partial<UploadRecord> & FileFacts): Task<Source> {
  const id = facts.id ?? newEntryId()
  return {
    entry: {
      id,
      name: facts.name,
      sizeBytes: facts.sizeBytes,
      state: 'waiting',
      hashedBytes: 0,
      sentBytes: 0,
      canRetry: false,
    },
    record: { addedAtMs: Date.now(), ...facts, id },
    facts: undefined,
    hash: facts.hash,
    uploadId: undefined,
    stage: 'waiting',
    isHashRemembered: false,
    wasRehashed: false,
    controller: new AbortController(),
  }
}

/** `crypto.randomUUID` is missing on plain http; this id never leaves the machine. */
function newEntryId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

export function bySize<Source>(tasks: Task<Source>[]): Task<Source>[] {
  return tasks.sort((one, other) => one.entry.sizeBytes - other.entry.sizeBytes)
}

/** Large files go up in parts. */
export function kindOf({ sizeBytes }: { sizeBytes: number }): 'small' | 'large' {
  return sizeBytes > SINGLE_PUT_MAX_BYTES ? 'large' : 'small'
}

/** Whether reading the file again can help. */
export function mayHaveChanged<Source>(task: Task<Source>, error: unknown): boolean {
  const isVerdict = error instanceof UploadFailure && error.isVerdict
  return error instanceof SourceError || (isVerdict && task.isHashRemembered)
}

export function refusalOf({ name, sizeBytes }: FileFacts): string | undefined {
  if (!mediaTypeOfName(name)) return 'Not a photo or video that this library takes'
  return sizeBytes === 0 ? 'The file is empty' : undefined
}

export function reasonOf(error: unknown): { reason: string; canRetry: boolean } {
  if (error instanceof UploadFailure) return { reason: error.message, canRetry: error.canRetry }
  if (error instanceof ApiError) return { reason: error.message, canRetry: true }
  if (error instanceof NetworkError) return { reason: 'The server does not answer', canRetry: true }
  if (error instanceof SourceError) return { reason: error.message, canRetry: true }
  return { reason: `Something went wrong: ${String(error)}`, canRetry: true }
}
