import type { UploadRecord, UploadStore } from './upload-types.ts'

/** Forgets with the process. */
export function createMemoryStore(): UploadStore {
  const records = new Map<string, UploadRecord>()
  return {
    async list() {
      return [...records.values()].sort((a, b) => a.addedAtMs - b.addedAtMs)
    },
    async findHash(fingerprint) {
      return [...records.values()].find((record) => record.fingerprint === fingerprint)?.hash
    },
    async put(changed) {
      for (const record of changed) records.set(record.id, record)
    },
    async remove(ids) {
      for (const id of ids) records.delete(id)
    },
  }
}
