import type { PushMessage } from '#contracts/events.ts'
import { newId } from '#contracts/new-id.ts'
import type { Db } from '#db/client.ts'
import { configureNeon, connectNeon } from '#db/neon.ts'
import { createEdgeStorage, type StoreFetch, type StoreSettings } from '#storage/edge.ts'
import type { Storage } from '#storage/storage.ts'
import { type Passwords, passwordsOf } from './authentication/passwords.ts'
import type { EdgeEnv, EdgeSettings } from './bindings.ts'
import { pushToHub } from './hub/push-to-hub.ts'
import { type EmbedText, textEmbedder } from './search/embed-text.ts'

const SQL_TIMEOUT_MS = 15_000

export type Deps = {
  db: Db
  storage: Storage
  storeSettings: StoreSettings
  storeFetch: StoreFetch
  passwords: Passwords
  embedText: EmbedText
  settings: EdgeSettings
  /** Goes with each job into the outbox, so that a request can be followed through the workers' logs. */
  requestId: string
  /** See [Note: Telling what happened]. */
  push: (messages: PushMessage[]) => void
  clock: () => Date
  newId: typeof newId
}

type DatabaseSettings = {
  settings: Pick<EdgeSettings, 'NEON_URL' | 'GATEWAY_URL' | 'GATEWAY_SECRET'>
}

/** Once, at module scope of the entry: the driver keeps it in a global. With NEON_URL Neon itself is asked. */
export function configureDatabase(env: Pick<EdgeEnv, 'gateway'> & DatabaseSettings): void {
  const { NEON_URL, GATEWAY_URL } = env.settings
  configureNeon(
    NEON_URL
      ? { fetch: (url, init) => fetch(url, init) }
      : {
          fetch: (url, init) => env.gateway.fetch(url, init),
          endpoint: new URL('/sql', GATEWAY_URL).href,
        },
  )
}

/** Per request. */
export function connectDatabase({ settings }: DatabaseSettings, timeoutMs = SQL_TIMEOUT_MS): Db {
  return connectNeon({
    url: settings.NEON_URL,
    authToken: settings.NEON_URL ? undefined : settings.GATEWAY_SECRET,
    timeoutMs,
  })
}

type Of = { requestId: string; waitUntil: (promise: Promise<unknown>) => void }

/** Per request: on workerd, what holds a socket belongs to one request. */
export function buildDeps(env: EdgeEnv, { requestId, waitUntil }: Of): Deps {
  const { settings } = env
  const storeSettings: StoreSettings = {
    endpoint: settings.S3_ENDPOINT,
    region: settings.S3_REGION,
    bucket: settings.S3_BUCKET,
    accessKeyId: settings.S3_ACCESS_KEY_ID,
    secretAccessKey: settings.S3_SECRET_ACCESS_KEY,
  }
  const storeFetch: StoreFetch = (url, init) => env.store.fetch(url, init)
  return {
    db: connectDatabase(env),
    storage: createEdgeStorage(storeSettings, storeFetch),
    storeSettings,
    storeFetch,
    passwords: passwordsOf(env, requestId),
    embedText: textEmbedder(env, requestId),
    settings,
    requestId,
    push: (messages) => waitUntil(pushToHub(env, messages)),
    clock: () => new Date(),
    newId,
  }
}
