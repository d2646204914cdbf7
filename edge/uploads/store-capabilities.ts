import { PROBES } from '#contracts/object-keys.ts'
import type { StoreFetch, StoreSettings } from '#storage/edge.ts'
import { createPresigner } from '#storage/presign.ts'
import { type Storage, StoreError } from '#storage/storage.ts'

export type StoreCapabilities = {
  /** Checks a SHA-1 that comes with a PUT, and tells it afterwards. */
  provesSha1: boolean
  /** Honours `If-None-Match: *`. */
  refusesOverwrite: boolean
}

type Store = { storage: Storage; storeSettings: StoreSettings; storeFetch: StoreFetch }

const BODY = new TextEncoder().encode('tintype')
const contentType = 'text/plain'

// What a store can do does not change under us; each process finds out once.
const known = new Map<string, StoreCapabilities>()

async function provesSha1({ storage }: Store, key: string): Promise<boolean> {
  const sha1 = new Uint8Array(await crypto.subtle.digest('SHA-1', BODY))
  const wrong = sha1.map((byte) => byte ^ 0xff)
  try {
    await storage.put(key, BODY, { contentType, sha1 })
    const told = (await storage.head(key))?.sha1
    if (!told?.every((byte, index) => byte === sha1[index])) return false
  } catch (error) {
    if (error instanceof StoreError && error.status < 500) return false
    throw error
  }
  try {
    await storage.put(key, BODY, { contentType, sha1: wrong })
    return false
  } catch (error) {
    if (error instanceof StoreError && error.status === 400) return true
    throw error
  }
}

async function refusesOverwrite(store: Store, key: string): Promise<boolean> {
  const { storage, storeSettings, storeFetch } = store
  await storage.put(key, BODY, { contentType })
  const presigner = createPresigner(storeSettings, {
    origin: storeSettings.endpoint,
    signedAt: new Date(),
    expiresInSeconds: 60,
  })
  const options = { sizeBytes: BODY.byteLength, contentType, ifAbsent: true as const }
  const { url, headers } = await presigner.presignPut(key, options)
  const response = await storeFetch(url, { method: 'PUT', headers, body: BODY })
  await response.arrayBuffer()
  return response.status === 412
}

/** Tried on the store itself, since S3 stores differ in what they check. */
export async function findStoreCapabilities(store: Store): Promise<StoreCapabilities> {
  const { endpoint, bucket } = store.storeSettings
  const id = `${endpoint}/${bucket}`
  const found = known.get(id)
  if (found) return found
  const key = `${PROBES}${crypto.randomUUID()}`
  try {
    const capabilities = {
      provesSha1: await provesSha1(store, key),
      refusesOverwrite: await refusesOverwrite(store, key),
    }
    known.set(id, capabilities)
    return capabilities
  } finally {
    await store.storage.delete([key])
  }
}
