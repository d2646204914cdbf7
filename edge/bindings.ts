import { envFragments, parseEnv } from '#contracts/env.ts'
import { type Network, parseNetworks } from './http/client.ts'

/** What a workerd `external` service, an assets binding and the global fetch have in common. */
export type Service = { fetch(input: Request | string, init?: RequestInit): Promise<Response> }

const settingsShape = {
  ...envFragments.gatewayClient,
  ...envFragments.dispatcherClient,
  ...envFragments.store,
  ...envFragments.edge,
  ...envFragments.log,
}

export type EdgeSettings = ReturnType<typeof parseEnv<typeof settingsShape>>

/** Everything that reaches the edge from outside a request: Hono's `c.env`. */
export type EdgeEnv = {
  settings: EdgeSettings
  trustedProxies: Network[]
  gateway: Service
  dispatcher: Service
  store: Service
  assets: Service
  /** False where `fetch` stands in for the STORE binding: it replaces Host, so own-port signatures break. */
  keepsHost: boolean
}

const overFetch: Service = { fetch: (input, init) => fetch(input, init) }
const noAssets: Service = { fetch: async () => new Response('Not found', { status: 404 }) }

function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && 'fetch' in value
}

/**
 * Parses variables and takes the bindings GATEWAY, DISPATCHER, STORE and ASSETS. In production the generated workerd
 * configuration has all but the last as `external` services; elsewhere `fetch` on the URL variables stands in.
 */
export function readEdgeEnv(bindings: Record<string, unknown>): EdgeEnv {
  // workerd binds a variable that the environment lacks as null.
  const raw = Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== null))
  const bound = (name: string, otherwise: Service) => {
    const value = raw[name]
    return isService(value) ? value : otherwise
  }
  const settings = parseEnv(settingsShape, raw)
  const store = settings.S3_ENDPOINT.startsWith('https:') ? 'STORE_TLS' : 'STORE'
  return {
    settings,
    trustedProxies: parseNetworks(settings.TRUSTED_PROXIES),
    gateway: bound('GATEWAY', overFetch),
    dispatcher: bound('DISPATCHER', overFetch),
    store: bound(store, overFetch),
    assets: bound('ASSETS', noAssets),
    keepsHost: isService(raw[store]),
  }
}
