import { envFragments, parseEnv } from '#contracts/env.ts'
import { type Network, parseNetworks } from './http/client.ts'

/** What a workerd `external` service, an assets binding and the global fetch have in common. */
export type Service = { fetch(input: Request | string, init?: RequestInit): Promise<Response> }

const settingsShape = {
  ...envFragments.gatewayClient,
  ...envFragments.dispatcherClient,
  ...envFragments.gpuClient,
  ...envFragments.hubClient,
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
  gpu: Service
  hub: Service
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

/** There is one Hub, wherever it lives. */
const HUB_NAME = 'hub'

type Namespace = { idFromName(name: string): unknown; get(id: unknown): Service }

/** A service says of every name that it has such a method; a namespace has no `fetch`. */
function isNamespace(value: unknown): value is Namespace {
  return typeof value === 'object' && value !== null && 'idFromName' in value && !isService(value)
}

/** The Hub as an object of this or another Worker; undefined where HUB is no namespace. */
export function hubObject(binding: unknown): Service | undefined {
  if (!isNamespace(binding)) return undefined
  // A stub belongs to one request.
  return { fetch: (input, init) => binding.get(binding.idFromName(HUB_NAME)).fetch(input, init) }
}

/** workerd binds a variable that the environment lacks as null. */
export const presentOf = (bindings: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== null))

/** The binding where there is one, else `fetch`, or what is given. */
export function boundService(value: unknown, otherwise: Service = overFetch): Service {
  return isService(value) ? value : otherwise
}

/**
 * Parses variables and takes the bindings GATEWAY, DISPATCHER, GPU, HUB, STORE and ASSETS. In production the generated
 * workerd configuration has all but the last as `external` services; elsewhere `fetch` on the URL variables stands
 * in. HUB may also be a namespace of Durable Objects.
 */
export function readEdgeEnv(bindings: Record<string, unknown>): EdgeEnv {
  const raw = presentOf(bindings)
  const settings = parseEnv(settingsShape, raw)
  const store = settings.S3_ENDPOINT.startsWith('https:') ? 'STORE_TLS' : 'STORE'
  return {
    settings,
    trustedProxies: parseNetworks(settings.TRUSTED_PROXIES),
    gateway: boundService(raw.GATEWAY),
    dispatcher: boundService(raw.DISPATCHER),
    gpu: boundService(raw.GPU),
    hub: hubObject(raw.HUB) ?? boundService(raw.HUB),
    store: boundService(raw[store]),
    assets: boundService(raw.ASSETS, noAssets),
    keepsHost: isService(raw[store]),
  }
}
