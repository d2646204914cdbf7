import { randomBytes } from 'node:crypto'
import type { ApiKeyId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import type { Db } from '#db/client.ts'
import { deleteApiKey, insertApiKey, listApiKeys } from '#db/queries/api-keys.ts'
import type { User } from '#db/queries/users.ts'

async function hashOf(token: string) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))
}

export type UploadKey = { id: ApiKeyId; token: string }

/** A key that may only upload. One of the same name that a killed process left behind goes. */
export async function makeUploadKey(db: Db, user: User, name: string): Promise<UploadKey> {
  const keys = await listApiKeys(db, { viewerId: user.id })
  for (const left of keys.filter((key) => key.name === name)) {
    await deleteApiKey(db, { viewerId: user.id, apiKeyId: left.id })
  }
  const token = randomBytes(32).toString('hex')
  const id = newId<ApiKeyId>()
  await insertApiKey(db, {
    id,
    userId: user.id,
    name,
    keyHash: await hashOf(token),
    permissions: ['asset.upload'],
  })
  return { id, token }
}
