import type { UserId } from '#contracts/ids.ts'
import type { Viewer } from './authentication/viewer.ts'
import type { EdgeEnv } from './bindings.ts'
import type { Deps } from './deps.ts'
import type { Client } from './http/client.ts'
import type { Log } from './http/log.ts'

/** `viewer` and `viewerId` stand behind `allow` and `allowAdmin`; a public route must not read them. */
export type AppEnv = {
  Bindings: EdgeEnv
  Variables: {
    requestId: string
    log: Log
    client: Client
    deps: Deps
    viewer: Viewer
    viewerId: UserId
  }
}
