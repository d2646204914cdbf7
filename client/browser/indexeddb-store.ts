import type { UploadRecord, UploadStore } from '../upload-types.ts'
import { within } from './within.ts'

const DATABASE = 'tintype-uploads'
const STORE = 'unfinished'
const VERSION = 2
/** Each file of a drop is looked up: ten thousand of them must not each read all the others. */
const BY_FINGERPRINT = 'by-fingerprint'
/** A store that is full, closed, forbidden or silent costs the resume after a reload, not the upload. */
const ANSWER_LIMIT_MS = 5_000

type Kept = UploadRecord & { userId: string; pageId: string }

/**
 * Unfinished files of one user in this browser, file handles included. Each page holds a Web Lock while it lives,
 * so that a second page does not take up what the first one is sending. Where there are no locks (plain http)
 * both may send the same parts, which the server bears.
 */
export function createIndexedDbStore(userId: string): UploadStore {
  const pageId = holdPageLock()
  const opened = openDatabase()
  let isSilent = false

  const ask = async <Answer>(
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
  /** Nobody waits for a store that has not answered in time until it does. */
  const run: typeof ask = (mode, work) => {
    const answer = ask(mode, work)
      .catch(() => undefined)
      .finally(() => {
        isSilent = false
      })
    if (isSilent) return Promise.resolve(undefined)
    return within(ANSWER_LIMIT_MS, answer, () => {
      isSilent = true
      return undefined
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
      const known = await run<Kept[]>('readonly', (store) =>
        store.index(BY_FINGERPRINT).getAll([userId, fingerprint]),
      )
      return known?.find(({ hash }) => hash)?.hash
    },
    async put(records) {
      await run('readwrite', (store) => {
        for (const record of records) store.put({ ...record, userId, pageId } satisfies Kept)
        return undefined
      })
    },
    async remove(ids) {
      await run('readwrite', (store) => {
        for (const id of ids) store.delete(id)
        return undefined
      })
    },
  }
}

function openDatabase(): Promise<IDBDatabase | undefined> {
  return new Promise((resolve) => {
    // Private windows of some browsers refuse.
    const opening = indexedDB.open(DATABASE, VERSION)
    opening.onupgradeneeded = () => {
      const isNew = !opening.result.objectStoreNames.contains(STORE)
      const store = isNew
        ? opening.result.createObjectStore(STORE, { keyPath: 'id' })
        : opening.transaction?.objectStore(STORE)
      store?.createIndex(BY_FINGERPRINT, ['userId', 'fingerprint'])
    }
    opening.onsuccess = () => {
      const database = opening.result
      // A page with a newer version of this program must not wait for this one to be closed.
      database.onversionchange = () => database.close()
      resolve(database)
    }
    opening.onerror = () => resolve(undefined)
    // A page with an older version still has it open.
    opening.onblocked = () => resolve(undefined)
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
