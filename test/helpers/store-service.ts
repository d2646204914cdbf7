import { request } from 'node:http'
import { Readable } from 'node:stream'

/** What workerd's `external` service does for the STORE binding: sends to the store and keeps the Host of the URL. */
export function storeService(endpoint: string) {
  const { hostname, port } = new URL(endpoint)
  return {
    async fetch(input: Request | string, init?: RequestInit): Promise<Response> {
      const asked = input instanceof Request ? input : new Request(input, init)
      const url = new URL(typeof input === 'string' ? input : input.url)
      const body = Buffer.from(await asked.arrayBuffer())
      const headers = {
        ...Object.fromEntries(new Headers(init?.headers ?? asked.headers)),
        ...(['PUT', 'POST'].includes(asked.method) && { 'content-length': String(body.length) }),
        host: url.host,
      }
      return await new Promise<Response>((resolve, reject) => {
        const { method } = asked
        const path = url.pathname + url.search
        const sending = request({ hostname, port, method, path, headers }, (message) => {
          const answered = new Headers()
          for (const [name, value] of Object.entries(message.headers))
            answered.set(name, String(value))
          const status = message.statusCode ?? 0
          const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
          const answer = hasBody ? (Readable.toWeb(message) as ReadableStream) : null
          resolve(new Response(answer, { status, headers: answered }))
        })
        sending.on('error', reject)
        sending.end(body)
      })
    },
  }
}
