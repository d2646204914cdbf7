import type { UploadDto } from '#contracts/api/uploads.ts'
import { callPersistently } from './call-persistently.ts'
import { backoffMs, pauseFor } from './retry.ts'
import { type FileToUpload, sendParts, type UploadFileDeps } from './send-parts.ts'
import { ApiError, UploadFailure } from './upload-errors.ts'

/** Times the whole sequence begins anew because the server lost the upload or still misses parts. */
const MAX_ROUNDS = 6

export type Outcome =
  | { status: 'done'; assetId: string }
  | { status: 'duplicate'; assetId: string; isTrashed: boolean }
  | { status: 'verifying'; uploadId: string }

/**
 * Brings one hashed file to the server, whatever dies in between: every step may be repeated, and each round
 * sends only what the server says is missing.
 */
export async function uploadFile<Source>(
  deps: UploadFileDeps<Source>,
  file: FileToUpload<Source>,
): Promise<Outcome> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (round > 0) await pauseFor(backoffMs(deps.retry, round - 1), file.signal)
    const outcome = await tryRound(deps, file)
    if (outcome) return outcome
  }
  throw new UploadFailure('The server keeps losing parts of this file', { canRetry: true })
}

async function tryRound<Source>(deps: UploadFileDeps<Source>, file: FileToUpload<Source>) {
  const { facts, hash, claims, signal } = file
  const created = await callPersistently(deps, signal, () =>
    deps.api.create({ fileName: facts.name, sizeBytes: facts.sizeBytes, ...hash, claims }, signal),
  )
  if (created.status === 'duplicate') {
    return { status: 'duplicate', assetId: created.assetId, isTrashed: created.isTrashed } as const
  }
  file.onUploadKnown(created.upload.id)
  if (created.upload.state !== 'pending') return outcomeOf(created.upload)
  await sendSidecar(deps, file, created.upload.id)
  const isWhole = await sendParts(deps, file, created.upload)
  return isWhole ? completeUpload(deps, file, created.upload.id) : undefined
}

async function completeUpload<Source>(
  deps: UploadFileDeps<Source>,
  { signal }: FileToUpload<Source>,
  uploadId: string,
): Promise<Outcome | undefined> {
  try {
    return outcomeOf(
      await callPersistently(deps, signal, () => deps.api.complete(uploadId, signal)),
    )
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    // Refused: either parts are missing, or an earlier try went through and only its answer was lost.
    const upload = await callPersistently(deps, signal, () =>
      deps.api.find({ id: uploadId }, signal),
    ).catch(() => undefined)
    if (!upload) return undefined
    const isWhole = upload.state === 'pending' && upload.puts.length === 0
    if (isWhole && error.status !== 409) throw error
    return outcomeOf(upload)
  }
}

/** Undefined: bytes are missing, another round is needed. */
export function outcomeOf(upload: UploadDto): Outcome | undefined {
  const { state, assetId } = upload
  if (state === 'complete') return { status: 'done', assetId }
  if (state === 'duplicate') return { status: 'duplicate', assetId, isTrashed: false }
  if (state === 'verifying') return { status: 'verifying', uploadId: upload.id }
  if (state === 'pending') return undefined
  throw new UploadFailure(upload.reason ?? 'The server refused this file', {
    canRetry: true,
    isVerdict: true,
  })
}

/** The sidecar is a help, not the asset: a server that refuses it gets the asset without. */
async function sendSidecar<Source>(
  deps: UploadFileDeps<Source>,
  { source, signal }: FileToUpload<Source>,
  uploadId: string,
) {
  const sidecar = await deps.platform.readSidecar(source)
  if (!sidecar) return
  await callPersistently(deps, signal, () => deps.api.putSidecar(uploadId, sidecar, signal)).catch(
    (error: unknown) => {
      if (!(error instanceof ApiError)) throw error
    },
  )
}
