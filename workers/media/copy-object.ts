import type { NodeStorage } from '#storage/node.ts'
import type { Part } from '#storage/storage.ts'
import { etagOfParts, type HashedObject, hashObject } from './hash-object.ts'

const GIB = 1024 ** 3

export type CopyLimits = {
  /** Up to here one request copies. S3 allows 5 GiB; a slow disk would keep the answer waiting for too long. */
  singleMaxBytes: number
  partBytes: number
}

export const COPY_LIMITS: CopyLimits = { singleMaxBytes: GIB, partBytes: GIB / 2 }

type Copy = {
  storage: NodeStorage
  from: string
  to: string
  /** The source's: what has another one by now is not copied (`isChanged`). */
  etag: string
  /** What was read under that ETag. */
  source: HashedObject
  contentType: string
  signal: AbortSignal
  limits: CopyLimits
  /** Told before the first part is copied, so that the sweep can find it. */
  onMultipart: (multipartId: string) => Promise<void>
  onPart: () => Promise<void>
}

/**
 * Copies inside the store and proves the copy: by the SHA-1 that the store computed, by an ETag that is an MD5, or by
 * reading the copy where the store gives neither. Throws when the copy is something else.
 */
export async function copyObject(copy: Copy): Promise<void> {
  const isProven =
    copy.source.sizeBytes > copy.limits.singleMaxBytes
      ? await copyInParts(copy)
      : await copyAtOnce(copy)
  if (!isProven && !(await isSame(copy)))
    throw new Error(`the copy of ${copy.from} is not what was copied`)
}

const isMd5 = (etag: string) => /^"[0-9a-f]{32}"$/.test(etag)

async function copyAtOnce({ storage, from, to, etag, source, contentType }: Copy) {
  const copied = await storage.copy(from, to, { ifMatch: etag, contentType })
  if (copied.sha1) {
    if (source.checksum.equals(copied.sha1)) return true
    throw new Error(`the store's copy of ${from} has another checksum`)
  }
  return isMd5(etag) && copied.etag === etag
}

async function copyInParts(copy: Copy) {
  const { storage, from, to, etag, source, contentType, signal, limits } = copy
  const { sizeBytes } = source
  const upload = await storage.createMultipart(to, { contentType })
  try {
    await copy.onMultipart(upload.multipartId)
    const parts: Part[] = []
    for (let start = 0; start < sizeBytes; start += limits.partBytes) {
      signal.throwIfAborted()
      const range = { start, end: Math.min(start + limits.partBytes, sizeBytes) - 1 }
      const partNumber = parts.length + 1
      parts.push(await storage.copyPart(from, upload, { partNumber, range, ifMatch: etag }))
      await copy.onPart()
    }
    return (await storage.completeMultipart(upload, parts)) === etagOfParts(source.partMd5s)
  } catch (error) {
    await storage.abortMultipart(upload)
    throw error
  }
}

async function isSame({ storage, to, source, signal }: Copy): Promise<boolean> {
  const body = await storage.stream(to, { signal })
  if (!body) return false
  const copy = await hashObject(body)
  return copy.sizeBytes === source.sizeBytes && copy.checksum.equals(source.checksum)
}
