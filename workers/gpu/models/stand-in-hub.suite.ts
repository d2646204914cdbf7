import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type HubContent = Record<string, Buffer>

type Behaviour = {
  /** Bytes of each answer after which nothing more comes, while there are more; `cutOnceHere` then ends it. */
  cutAfter?: number
  /** A file whose content is not what the list says, so many times. */
  damaged?: { path: string; times: number }
  ignoresRange?: boolean
  /** Each page of the list has so many files. */
  pageSize?: number
}

/** Behaves as the public hub does: a list with git's and git-lfs's ids, files on another host behind a redirect. */
export async function startStandInHub(
  models: Record<string, HubContent>,
  behaviour: Behaviour = {},
) {
  const requests: string[] = []
  const damaged = { left: behaviour.damaged?.times ?? 0 }
  const bytesSent = { total: 0 }
  let silent: ServerResponse | undefined

  const files = createServer((request, response) => {
    requests.push(`files ${request.url} ${request.headers.range ?? ''}`.trim())
    const [, model = '', ...parts] = (request.url ?? '').split('/')
    const path = parts.join('/')
    const content = models[model]?.[path]
    if (!content) return void response.writeHead(404).end()
    const isDamaged = behaviour.damaged?.path === path && damaged.left > 0
    if (isDamaged) damaged.left -= 1
    const bytes = isDamaged ? Buffer.alloc(content.length, 1) : content
    const sent = sendFile(request, response, { bytes, behaviour })
    bytesSent.total += sent.bytes
    silent = sent.isWhole ? undefined : response
  })
  const filesUrl = await listen(files)

  const hub = createServer((request, response) => {
    requests.push(`hub ${request.url}`)
    const url = new URL(request.url ?? '', 'http://hub')
    const list = /^\/api\/models\/immich-app\/([^/]+)\/tree\/main$/.exec(url.pathname)
    const file = /^\/immich-app\/([^/]+)\/resolve\/main\/(.+)$/.exec(url.pathname)
    if (file) {
      const location = `${filesUrl}/${file[1]}/${decodeURIComponent(file[2] ?? '')}`
      return void response.writeHead(302, { location }).end()
    }
    const content = list && models[list[1] ?? '']
    if (!content) return void response.writeHead(404).end('{"error":"Repository not found"}')
    const entries = treeOf(content)
    const page = Number(url.searchParams.get('cursor') ?? 0)
    const size = behaviour.pageSize ?? entries.length
    const more = (page + 1) * size < entries.length
    const link = `<${hubUrl}${url.pathname}?recursive=true&cursor=${page + 1}>; rel="next"`
    response.writeHead(200, { 'content-type': 'application/json', ...(more && { link }) })
    response.end(JSON.stringify(entries.slice(page * size, (page + 1) * size)))
  })
  const hubUrl = await listen(hub)

  return {
    url: hubUrl,
    requests,
    bytesSent,
    /** Cuts the connection when all that was ever sent is with the client, so that no byte is lost on its way. */
    cutOnceHere(arrivedBytes: number) {
      if (arrivedBytes === bytesSent.total) silent?.destroy()
    },
    close: async () => {
      for (const server of [hub, files]) {
        server.closeAllConnections()
        await new Promise((done) => server.close(done))
      }
    },
  }
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, behaviour }: { bytes: Buffer; behaviour: Behaviour },
): { bytes: number; isWhole: boolean } {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const start = range && !behaviour.ignoresRange ? Number(range[1]) : 0
  const rest = bytes.subarray(start)
  const end = bytes.length - 1
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': rest.length,
    ...(start > 0 && { 'content-range': `bytes ${start}-${end}/${bytes.length}` }),
  })
  const { cutAfter = rest.length } = behaviour
  const sent = rest.subarray(0, cutAfter)
  const isWhole = sent.length === rest.length
  if (isWhole) response.end(sent)
  else response.write(sent)
  return { bytes: sent.length, isWhole }
}

function treeOf(content: HubContent) {
  const folders = new Set(
    Object.keys(content).map((path) => path.split('/').slice(0, -1).join('/')),
  )
  return [
    ...[...folders].filter(Boolean).map((path) => ({ type: 'directory', path, oid: 'a', size: 0 })),
    ...Object.entries(content).map(([path, bytes]) => {
      const size = bytes.length
      const git = createHash('sha1').update(`blob ${size}\0`).update(bytes).digest('hex')
      if (!path.endsWith('.onnx')) return { type: 'file', path, size, oid: git }
      const oid = createHash('sha256').update(bytes).digest('hex')
      return { type: 'file', path, size, oid: 'b', lfs: { oid, size, pointerSize: 130 } }
    }),
  ]
}

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((done) =>
    server.listen(0, '127.0.0.1', () =>
      done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ),
  )
}
