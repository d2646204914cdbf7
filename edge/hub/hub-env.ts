import { envFragments, parseEnv } from '#contracts/env.ts'
import { boundService, presentOf, type Service } from '../bindings.ts'

const settingsShape = { ...envFragments.gatewayClient, ...envFragments.log }

type HubEnv = { settings: ReturnType<typeof parseEnv<typeof settingsShape>>; gateway: Service }

/** What the Hub itself needs, in whichever Worker it lives. */
export function readHubEnv(bindings: Record<string, unknown>): HubEnv {
  const raw = presentOf(bindings)
  return { settings: parseEnv(settingsShape, raw), gateway: boundService(raw.GATEWAY) }
}
