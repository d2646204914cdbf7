import type { UploadRecord, UploadStore } from '../upload-types.ts'

const DATABASE = 'tintype-uploads'
const STORE = 'unfinished'

type Kept = UploadRecord & { userId: string; pageId: string }

/**
 * Unfinished files of one user in this browser, file handles included. Each page holds a Web Lock while it lives,
 * so that a second page does not take up what the first one is sending. Where there are no locks (plain http)
 * both may send the same parts, which the server bears.
 */
export function createIndexedDbStore(userId: string): UploadStore {
  const pageId = holdPageLock()
  const opened = openDatabase()

  const run = async <Answer>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<Answer> | undefined,
  ): Promise<Answer | undefined> => {
    const database = await opened
    if (!database) return undefined
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode)
      const request = work(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(request?.result)
      transaction.onerror = () => reject(transaction.error)
      transaction.onabort = () => reject(transaction.error)
    })
  }
  const listOwn = async () => {
    const kept = (await run<Kept[]>('readonly', (store) => store.getAll())) ?? []
    return kept.filter((record) => record.userId === userId)
  }

  return {
    async list() {
      const livePages = await findLivePages()
      return (await listOwn())
        .filter((record) => record.pageId === pageId || !livePages.has(record.pageId))
        .sort((one, other) => one.addedAtMs - other.addedAtMs)
    },
    async findHash(fingerprint) {
      return (await listOwn()).find((record) => record.fingerprint === fingerprint)?.hash
    },
    // A store that is full or forbidden costs the resume after a reload, not the upload.
    async put(records) {
      await run('readwrite', (store) => {
        for (const record of records) store.put({ ...record, userId, pageId } satisfies Kept)
        return undefined
      }).catch(() => {})
    },
    async remove(ids) {
      await run('readwrite', (store) => {
        for (const id of ids) store.delete(id)
        return undefined
      }).catch(() => {})
    },
  }
}

function openDatabase(): Promise<IDBDatabase | undefined> {
  return new Promise((resolve) => {
    // Private windows of some browsers refuse.
    const opening = indexedDB.open(DATABASE, 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'id' })
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => resolve(undefined)
  })
}

const LOCK_PREFIX = 'tintype-uploads-'

function holdPageLock(): string {
  const pageId = `${Date.now()}-${Math.random().toString(36).slice(2)}`
  // Held until the page goes away.
  void navigator.locks?.request(LOCK_PREFIX + pageId, () => new Promise(() => {}))
  return pageId
}

async function findLivePages(): Promise<Set<string>> {
  const locks = (await navigator.locks?.query()) ?? {}
  return new Set((locks.held ?? []).map((lock) => (lock.name ?? '').slice(LOCK_PREFIX.length)))
}
