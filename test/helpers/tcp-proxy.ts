import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { atEndOfFile } from './at-end-of-file.ts'

export type TcpProxy = Awaited<ReturnType<typeof startTcpProxy>>

/**
 * A line between client and server that a test may slow down, cut, or lead to another server. Bytes pass as they
 * are, so that Host and signatures stay true.
 */
export async function startTcpProxy(firstTargetPort: number) {
  let targetPort = firstTargetPort
  let bytesUp = 0
  let cutAfterBytes: number | undefined
  let bytesPerSecond: number | undefined
  let cuts = 0
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    let bytesOfConnection = 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
    // What a server that is away would never see is not sent either.
    pauseUntil(client, once(upstream, 'connect'))
    client.on('data', (chunk) => {
      bytesUp += chunk.length
      bytesOfConnection += chunk.length
      if (cutAfterBytes !== undefined && bytesOfConnection >= cutAfterBytes) {
        cuts += 1
        client.destroy()
        return
      }
      const isFree = upstream.write(chunk)
      if (!isFree) pauseUntil(client, new Promise((resolve) => upstream.once('drain', resolve)))
      if (bytesPerSecond) pauseUntil(client, waitMs((chunk.length / bytesPerSecond) * 1000))
    })
    client.on('end', () => upstream.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dropAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  atEndOfFile(async () => {
    dropAll()
    server.close()
  })

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get bytesUp() {
      return bytesUp
    },
    get cuts() {
      return cuts
    },
    /** Each connection ends after so many bytes from the client; undefined: none does any more. */
    cutAfter(bytes: number | undefined) {
      cutAfterBytes = bytes
    },
    /** Of each connection. */
    limit(perSecond: number | undefined) {
      bytesPerSecond = perSecond
    },
    leadTo(port: number) {
      targetPort = port
      dropAll()
    },
    dropAll,
  }
}

function pauseUntil(socket: Socket, reason: Promise<unknown>) {
  socket.pause()
  void reason.then(
    () => socket.resume(),
    () => {}, // the connection is over
  )
}

const waitMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
