import { newId } from '#contracts/new-id.ts'
import type { Db } from '#db/client.ts'
import { configureNeon, connectNeon } from '#db/neon.ts'
import { createEdgeStorage, type StoreFetch, type StoreSettings } from '#storage/edge.ts'
import type { Storage } from '#storage/storage.ts'
import { type Passwords, passwordsOf } from './authentication/passwords.ts'
import type { EdgeEnv, EdgeSettings } from './bindings.ts'

const SQL_TIMEOUT_MS = 15_000

export type Deps = {
  db: Db
  storage: Storage
  storeSettings: StoreSettings
  storeFetch: StoreFetch
  passwords: Passwords
  settings: EdgeSettings
  /** Goes with each job into the outbox, so that a request can be followed through the workers' logs. */
  requestId: string
  clock: () => Date
  newId: typeof newId
}

/** Once, at module scope of the entry: the driver keeps it in a global. With NEON_URL Neon itself is asked. */
export function configureDatabase(env: EdgeEnv): void {
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

/** Per request: on workerd, what holds a socket belongs to one request. */
export function buildDeps(env: EdgeEnv, requestId: string): Deps {
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
    db: connectNeon({
      url: settings.NEON_URL,
      authToken: settings.NEON_URL ? undefined : settings.GATEWAY_SECRET,
      timeoutMs: SQL_TIMEOUT_MS,
    }),
    storage: createEdgeStorage(storeSettings, storeFetch),
    storeSettings,
    storeFetch,
    passwords: passwordsOf(env, requestId),
    settings,
    requestId,
    clock: () => new Date(),
    newId,
  }
}
