import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { inject } from 'vitest'
import { atEndOfFile } from './at-end-of-file.ts'

export type TestValkey = { url: string; prefix: string }

/** The shared Valkey with a key prefix (BullMQ's `prefix`) of the test's own; what is under it goes at the end of the file. */
export function createTestValkey(): TestValkey {
  const url = inject('stores').valkeyUrl
  const prefix = `test-${randomBytes(6).toString('hex')}`
  atEndOfFile(() => removeKeys(url, prefix))
  return { url, prefix }
}

async function removeKeys(url: string, prefix: string) {
  const valkey = new Redis(url)
  try {
    for await (const keys of valkey.scanStream({ match: `${prefix}:*`, count: 500 }))
      if (keys.length > 0) await valkey.unlink(...(keys as string[]))
  } finally {
    valkey.disconnect()
  }
}
