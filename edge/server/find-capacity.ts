import type { Deps } from '../deps.ts'

export type Capacity = { totalBytes: number; freeBytes: number }

const ANSWER_TIMEOUT_MS = 3_000
const TOKEN_LIFE_SECONDS = 60

const urlSafe = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (c) => ({ '+': '-', '/': '_' })[c] ?? '')

/** MinIO shows its metrics to bearers of a token signed with the secret key, as `mc admin prometheus` makes it. */
async function metricsToken({ storeSettings, clock }: Deps): Promise<string> {
  const { accessKeyId, secretAccessKey } = storeSettings
  const text = new TextEncoder()
  const exp = Math.floor(clock().getTime() / 1000) + TOKEN_LIFE_SECONDS
  const part = (claims: object) => urlSafe(text.encode(JSON.stringify(claims)))
  const head = part({ alg: 'HS512', typ: 'JWT' })
  const signed = `${head}.${part({ exp, sub: accessKeyId, iss: 'prometheus' })}`
  const algorithm = { name: 'HMAC', hash: 'SHA-512' }
  const usable = ['sign'] as const
  const key = await crypto.subtle.importKey('raw', text.encode(secretAccessKey), algorithm, false, [
    ...usable,
  ])
  const signature = await crypto.subtle.sign('HMAC', key, text.encode(signed))
  return `${signed}.${urlSafe(new Uint8Array(signature))}`
}

function gauge(metrics: string, name: string): number | undefined {
  const value = metrics.match(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm'))?.[1]
  return value === undefined ? undefined : Number(value)
}

/** What the store's disks hold, where the store is a MinIO; other stores have no end that they would tell. */
export async function findCapacity(deps: Deps): Promise<Capacity | undefined> {
  try {
    const url = new URL('/minio/v2/metrics/cluster', deps.storeSettings.endpoint).href
    const response = await deps.storeFetch(url, {
      headers: { Authorization: `Bearer ${await metricsToken(deps)}` },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    if (!response.ok) return undefined
    const metrics = await response.text()
    const totalBytes = gauge(metrics, 'minio_cluster_capacity_usable_total_bytes')
    const freeBytes = gauge(metrics, 'minio_cluster_capacity_usable_free_bytes')
    return totalBytes && freeBytes !== undefined ? { totalBytes, freeBytes } : undefined
  } catch {
    // A figure on a settings page: without it the page still shows what is used.
    return undefined
  }
}
