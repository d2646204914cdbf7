import { AppError } from '#contracts/errors.ts'
import type { UploadId } from '#contracts/ids.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { updateSidecarKey } from '#db/queries/uploads.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { findOwnUpload } from './complete-upload.ts'

export const SIDECAR_MAX_BYTES = 2 * 1024 * 1024
export const SIDECAR_TYPE = 'application/rdf+xml'

/** Also for bodies that do not tell their length. */
async function readAtMost(body: ReadableStream<Uint8Array> | null, maxBytes: number) {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  if (body) {
    for await (const chunk of body) {
      sizeBytes += chunk.byteLength
      if (sizeBytes > maxBytes) throw new AppError('too_large', 'The sidecar is too large')
      chunks.push(chunk)
    }
  }
  const whole = new Uint8Array(sizeBytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

type Sidecar = { uploadId: UploadId; body: ReadableStream<Uint8Array> | null }

/** Takes the XMP that belongs to a file, before its upload is completed. */
export async function attachSidecar(
  deps: Deps,
  viewer: Viewer,
  { uploadId, body }: Sidecar,
): Promise<void> {
  const upload = await findOwnUpload(deps, viewer, uploadId)
  if (upload.state !== 'pending') throw new AppError('conflict', 'The upload is not open any more')
  const bytes = await readAtMost(body, SIDECAR_MAX_BYTES)
  const sidecarKey = objectKeys.sidecar(upload)
  await deps.storage.put(sidecarKey, bytes, { contentType: SIDECAR_TYPE })
  await updateSidecarKey(deps.db, { viewerId: viewer.id, uploadId, sidecarKey })
}
