import { unlink } from 'node:fs/promises'
import type { NodeStorage } from '#storage/node.ts'
import { type Fetched, fetchOriginal } from './fetch-original.ts'
import type { TempFolder } from './temp-folder.ts'

const KEPT_MAX_BYTES = 512 * 1024 * 1024
const KEPT_FOR_MS = 120_000

export type Original = AsyncDisposable & Fetched & { path: string }

type Wanted = {
  key: string
  sizeBytes: number
  signal: AbortSignal
  /** Another job will want it soon: it stays for a while if there is room. */
  isKept: boolean
}

export type Originals = {
  /** Undefined when the store has no such object. */
  open(wanted: Wanted): Promise<Original | undefined>
}

type Entry = {
  path: string
  sizeBytes: number
  fetched: Promise<Fetched | undefined>
  users: number
  isKept: boolean
  expiry?: NodeJS.Timeout
}

/**
 * Originals as local files, fetched once for the jobs that follow each other on one asset. When there is no room, the
 * newcomer is not kept: jobs run in order, so what lies here longest is wanted first.
 */
export function createOriginals({
  storage,
  temp,
}: {
  storage: NodeStorage
  temp: TempFolder
}): Originals {
  const entries = new Map<string, Entry>()
  let keptBytes = 0

  function start({ key, sizeBytes, signal }: Wanted): Entry {
    const path = temp.newPath()
    const fetched = fetchOriginal({ storage, key, sizeBytes, signal }, path)
    // Whoever opened it is told; this only keeps Node from calling it unhandled.
    fetched.catch(() => {})
    const entry = { path, sizeBytes, fetched, users: 0, isKept: false }
    entries.set(key, entry)
    return entry
  }

  async function drop(key: string, entry: Entry) {
    clearTimeout(entry.expiry)
    if (entry.isKept) keptBytes -= entry.sizeBytes
    if (entries.get(key) === entry) entries.delete(key)
    // A fetch that failed may have left nothing.
    await unlink(entry.path).catch(() => {})
  }

  function keep(key: string, entry: Entry) {
    entry.isKept = true
    keptBytes += entry.sizeBytes
    entry.expiry = setTimeout(() => void drop(key, entry).catch(() => {}), KEPT_FOR_MS)
    entry.expiry.unref()
  }

  async function release(key: string, entry: Entry, isWanted: boolean) {
    entry.users -= 1
    if (entry.users > 0) return
    if (isWanted && keptBytes + entry.sizeBytes <= KEPT_MAX_BYTES) keep(key, entry)
    else await drop(key, entry)
  }

  function take(wanted: Wanted): Entry {
    const entry = entries.get(wanted.key) ?? start(wanted)
    entry.users += 1
    clearTimeout(entry.expiry)
    if (entry.isKept) keptBytes -= entry.sizeBytes
    entry.isKept = false
    return entry
  }

  return {
    async open(wanted) {
      const entry = take(wanted)
      try {
        const fetched = await entry.fetched
        if (!fetched) throw new MissingObject()
        return {
          ...fetched,
          path: entry.path,
          [Symbol.asyncDispose]: () => release(wanted.key, entry, wanted.isKept),
        }
      } catch (error) {
        await release(wanted.key, entry, false)
        if (error instanceof MissingObject) return undefined
        throw error
      }
    },
  }
}

class MissingObject extends Error {}
