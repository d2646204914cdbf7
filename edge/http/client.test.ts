import { expect, test } from 'vitest'
import { clientOf, parseNetworks } from './client.ts'

const PROXIES = parseNetworks(['10.0.0.0/8', '192.0.2.1', 'fd00::/8'])

const seen = (peer: string, headers: Record<string, string>) =>
  clientOf(
    new Request('http://inner:2283/api', {
      headers: { host: 'photos.example', 'cf-connecting-ip': peer, ...headers },
    }),
    PROXIES,
  )

test('forwarded headers of a stranger count for nothing', () => {
  const client = seen('198.51.100.7', {
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
  })

  expect(client).toEqual({
    address: '198.51.100.7',
    isHttps: false,
    host: 'photos.example',
    origin: 'http://photos.example',
  })
})

test('a trusted proxy tells scheme, host and address', () => {
  const client = seen('10.0.0.2', {
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'my.photos.example',
  })

  expect(client).toEqual({
    address: '203.0.113.9',
    isHttps: true,
    host: 'my.photos.example',
    origin: 'https://my.photos.example',
  })
})

test.each([
  ['made-up entries on the left', '10.0.0.2', '1.1.1.1, 203.0.113.9, 10.0.0.3', '203.0.113.9'],
  ['only proxies', '10.0.0.2', '10.0.0.4, 10.0.0.3', '10.0.0.4'],
  ['IPv4 written as IPv6', '::ffff:192.0.2.1', '203.0.113.9', '203.0.113.9'],
  ['IPv6', 'fd00::1', '2001:db8::9', '2001:db8::9'],
  ['no list', '10.0.0.2', '', '10.0.0.2'],
])('the address with %s', (_, peer, forwardedFor, address) => {
  expect(seen(peer, { 'x-forwarded-for': forwardedFor }).address).toBe(address)
})

test("workerd's word for the peer comes before a header that anybody can send", () => {
  const request = new Request('http://photos.example/', {
    headers: { 'cf-connecting-ip': '10.0.0.2', 'x-forwarded-proto': 'https' },
  })
  const fromWorkerd = Object.assign(request, { cf: { clientIp: '[2001:db8::9]:54592' } })

  const client = clientOf(fromWorkerd, PROXIES)

  expect(client).toMatchObject({ address: '2001:db8::9', isHttps: false })
})

test('what is no address in TRUSTED_PROXIES is named', () => {
  expect(() => parseNetworks(['10.0.0.0/8', 'proxy.local'])).toThrow(/proxy\.local/)
})
