import { get } from 'node:http'

const TIMEOUT_MS = 2000

/** Node's plain client: `fetch` would cost the supervisor several megabytes for this one question. */
export function answersOk(url: string, secret?: string) {
  return new Promise<boolean>((resolve) => {
    const headers = secret ? { authorization: `Bearer ${secret}` } : {}
    const request = get(url, { headers, timeout: TIMEOUT_MS, agent: false }, (response) => {
      response.resume()
      resolve((response.statusCode ?? 500) < 300)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
}

export function readJson(url: string, secret?: string) {
  return new Promise<Record<string, unknown> | undefined>((resolve) => {
    const headers = secret ? { authorization: `Bearer ${secret}` } : {}
    const request = get(url, { headers, timeout: TIMEOUT_MS, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        try {
          resolve(response.statusCode === 200 ? JSON.parse(text) : undefined)
        } catch {
          resolve(undefined)
        }
      })
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}
