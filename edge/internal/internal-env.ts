import { envFragments, parseEnv } from '#contracts/env.ts'
import { boundService, hubObject, presentOf, type Service } from '../bindings.ts'

const settingsShape = {
  ...envFragments.gatewayClient,
  ...envFragments.hub,
  ...envFragments.log,
  S3_BUCKET: envFragments.store.S3_BUCKET,
}

export type InternalSettings = ReturnType<typeof parseEnv<typeof settingsShape>>

/** What reaches the internal socket's routes from outside a request: Hono's `c.env` there. */
export type InternalEnv = { settings: InternalSettings; gateway: Service; hub: Service }

export function readInternalEnv(bindings: Record<string, unknown>): InternalEnv {
  const raw = presentOf(bindings)
  const hub = hubObject(raw.HUB)
  if (!hub) throw new Error('HUB is no namespace of Durable Objects.')
  return { settings: parseEnv(settingsShape, raw), gateway: boundService(raw.GATEWAY), hub }
}
