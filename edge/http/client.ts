import ipaddr from 'ipaddr.js'

/** The person's end of the connection, as far as trusted proxies tell. */
export type Client = {
  address: string
  isHttps: boolean
  /** Host with port, as the client wrote it. */
  host: string
  /** `https://photos.example`: what presigned URLs are signed for. */
  origin: string
}

/** workerd tells the peer in `cf`; Cloudflare and wrangler dev tell it in a header that a client cannot set there. */
function peerOf(request: Request): string {
  const cf = (request as { cf?: { clientIp?: string } }).cf
  if (cf?.clientIp) return cf.clientIp.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return request.headers.get('cf-connecting-ip') ?? ''
}

export type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** TRUSTED_PROXIES: addresses and CIDR ranges. What is neither stops the start and is named. */
export function parseNetworks(list: readonly string[]): Network[] {
  return list.map((text) => {
    if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
    if (!ipaddr.isValid(text)) throw new Error(`TRUSTED_PROXIES: ${text} is no address or range.`)
    const address = ipaddr.process(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  })
}

export function isTrusted(address: string, networks: readonly Network[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return networks.some(
    ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
  )
}

/** The first address from the right that is not a proxy of ours: what lies left of it can be made up. */
function addressBehind(peer: string, forwardedFor: string, proxies: readonly Network[]): string {
  const chain = [...forwardedFor.split(',').map((part) => part.trim()), peer].filter(Boolean)
  const firstOutside = chain.findLast((address) => !isTrusted(address, proxies))
  return firstOutside ?? chain[0] ?? ''
}

const lastOf = (header: string | null) => header?.split(',').at(-1)?.trim()

/** Forwarded headers count only when the peer is in TRUSTED_PROXIES. */
export function clientOf(request: Request, proxies: readonly Network[]): Client {
  const url = new URL(request.url)
  const peer = peerOf(request)
  const ownHost = request.headers.get('host') ?? url.host
  if (!isTrusted(peer, proxies)) {
    const origin = `${url.protocol}//${ownHost}`
    return { address: peer, isHttps: url.protocol === 'https:', host: ownHost, origin }
  }
  const { headers } = request
  const scheme = lastOf(headers.get('x-forwarded-proto')) ?? url.protocol.slice(0, -1)
  const isHttps = scheme === 'https'
  const host = lastOf(headers.get('x-forwarded-host')) || ownHost
  const address = addressBehind(peer, headers.get('x-forwarded-for') ?? '', proxies)
  return { address, isHttps, host, origin: `${isHttps ? 'https' : 'http'}://${host}` }
}
