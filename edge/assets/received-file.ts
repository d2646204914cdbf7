import { createHash } from 'node:crypto'
import { AppError } from '#contracts/errors.ts'
import type { AssetId, UploadId } from '#contracts/ids.ts'
import type { MediaType } from '#contracts/media-types.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { deleteUpload, insertFormUpload, markUploadAlive } from '#db/queries/uploads.ts'
import { ObjectWriter } from '#storage/object-writer.ts'
import type { MultipartId } from '#storage/storage.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { QUOTA_EXCEEDED } from '../uploads/quota.ts'
import type { PartSink } from './form/multipart-parser.ts'

/** The sweep takes a form upload for dead when its row was not touched for much longer. */
const ALIVE_EVERY_MS = 60_000

type Options = { deps: Deps; viewer: Viewer; fileName: string; mediaType: MediaType }

/**
 * The file of a form on its way into the store: hashed as it passes, its row in `uploads` written before its first
 * byte is. A small one stays in memory until `store`, so that a duplicate among them never reaches the store.
 */
export class ReceivedFile implements PartSink {
  readonly assetId: AssetId
  readonly uploadId: UploadId
  readonly objectKey: string
  readonly sidecarKey: string
  readonly fileName: string
  readonly mediaType: MediaType
  readonly #deps: Deps
  readonly #viewer: Viewer
  readonly #hash = createHash('sha1')
  readonly #writer: ObjectWriter
  #checksum: Uint8Array | undefined
  #isAnnounced = false
  #aliveAt = Date.now()

  constructor({ deps, viewer, fileName, mediaType }: Options) {
    this.#deps = deps
    this.#viewer = viewer
    this.fileName = fileName
    this.mediaType = mediaType
    this.assetId = deps.newId<AssetId>()
    this.uploadId = deps.newId<UploadId>()
    const owned = { ownerId: viewer.id, assetId: this.assetId }
    this.objectKey = objectKeys.upload({ ...owned, extension: mediaType.extension })
    this.sidecarKey = objectKeys.sidecar(owned)
    this.#writer = new ObjectWriter({
      storage: deps.storage,
      key: this.objectKey,
      contentType: mediaType.contentType,
      onMultipart: (upload) => this.#announce(upload),
    })
  }

  get sizeBytes() {
    return this.#writer.sizeBytes
  }

  /** SHA-1; known once the part has ended. */
  get checksum(): Uint8Array {
    if (!this.#checksum) throw new Error('the file has not ended yet')
    return this.#checksum
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    await this.#writer.write(bytes)
    this.#refuseBeyondQuota()
    if (this.#isAnnounced) await this.#sayAlive()
  }

  close(): void {
    this.#checksum = new Uint8Array(this.#hash.digest())
  }

  /** Puts the whole file into the store. */
  async store(): Promise<void> {
    if (!this.#isAnnounced) await this.#announce()
    await this.#writer.close()
  }

  /** Leaves nothing behind: parts go now, an object that is whole goes with a job. */
  async discard(): Promise<void> {
    const { uploadId: id, assetId, objectKey } = this
    await this.#writer.abort()
    if (!this.#isAnnounced) return
    const { db, requestId } = this.#deps
    const ownerId = this.#viewer.id
    await deleteUpload(db, { upload: { id, ownerId, assetId, objectKey }, requestId })
  }

  async #announce(upload?: MultipartId): Promise<void> {
    const { assetId, uploadId: id, objectKey, sidecarKey, mediaType } = this
    await insertFormUpload(this.#deps.db, {
      id,
      assetId,
      objectKey,
      sidecarKey,
      ownerId: this.#viewer.id,
      kind: 'form',
      originalFileName: this.fileName,
      contentType: mediaType.contentType,
      multipartId: upload?.multipartId ?? null,
    })
    this.#isAnnounced = true
  }

  async #sayAlive(): Promise<void> {
    const now = Date.now()
    if (now - this.#aliveAt < ALIVE_EVERY_MS) return
    this.#aliveAt = now
    const scope = { viewerId: this.#viewer.id, uploadId: this.uploadId }
    await markUploadAlive(this.#deps.db, scope)
  }

  #refuseBeyondQuota(): void {
    const { quotaSizeBytes, quotaUsageBytes } = this.#viewer
    if (quotaSizeBytes !== null && quotaUsageBytes + this.sizeBytes > quotaSizeBytes) {
      throw new AppError('quota_exceeded', QUOTA_EXCEEDED)
    }
  }
}
