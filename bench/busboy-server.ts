import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import busboy from 'busboy'
import { createEdgeStorage } from '#storage/edge.ts'
import { ObjectWriter } from '#storage/object-writer.ts'

/** What form uploads at the edge are measured against. Its port goes to the process that started it. */
const variables = process.env
const storage = createEdgeStorage(
  {
    endpoint: variables.S3_ENDPOINT ?? '',
    region: variables.S3_REGION ?? 'us-east-1',
    bucket: variables.S3_BUCKET ?? '',
    accessKeyId: variables.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: variables.S3_SECRET_ACCESS_KEY ?? '',
  },
  (url, init) => fetch(url, init),
)

async function store(file: AsyncIterable<Buffer>): Promise<string> {
  const key = `bench/${randomUUID()}`
  const writer = new ObjectWriter({ storage, key, contentType: 'video/mp4' })
  const sha1 = createHash('sha1')
  for await (const chunk of file) {
    sha1.update(chunk)
    await writer.write(chunk)
  }
  await writer.close()
  return sha1.digest('base64')
}

function receive(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const form = busboy({ headers: request.headers })
    form.on('file', (_, file) => store(file).then(resolve, reject))
    form.on('error', reject)
    request.pipe(form)
  })
}

const server = createServer((request, response) => {
  receive(request).then(
    (checksum) => response.writeHead(201).end(checksum),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('SIGTERM', () => process.exit(0))
