import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import * as net from 'node:net'
import { Complaint } from './complaint.ts'

type Handle = { fd: number; close: () => void; getsockname: (out: { port?: number }) => number }
/** Not in the types: what `cluster` itself uses to bind without accepting. The Node that runs this is pinned. */
type Internals = {
  _createServerHandle: (address: string, port: number, family: 4 | 6) => Handle | number
}

export type Listener = { descriptor: number; close: () => void }

const LISTEN_ONCE = `
const server = require('node:net').createServer((socket) => socket.destroy())
server.on('error', () => process.exit(1))
server.listen({ fd: 3, backlog: 1024 }, () => process.exit(0))
`

/**
 * The public port as an open descriptor that several edge processes inherit. It outlives each of them: while one
 * restarts, connections wait in the kernel instead of being refused.
 *
 * This process must never accept on it, and Node's own `listen` always does. So it only binds; a short-lived child
 * calls listen(2) on the same socket, and the state stays with the socket.
 */
export async function openListener(host: string, port: number): Promise<Listener> {
  const { address, family } = await lookup(host).catch(() => {
    throw new Complaint(`HOST is ${host}, which is not an address of this machine.`)
  })
  const handle = (net as unknown as Internals)._createServerHandle(
    address,
    port,
    family === 6 ? 6 : 4,
  )
  if (typeof handle === 'number') throw refusal(host, port)
  const bound: { port?: number } = {}
  handle.getsockname(bound)
  // libuv keeps "address in use" for listen; until then the socket has no port.
  if (!bound.port) {
    handle.close()
    throw refusal(host, port)
  }
  const child = spawn(process.execPath, ['-e', LISTEN_ONCE], {
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) {
    handle.close()
    throw refusal(host, port)
  }
  return { descriptor: handle.fd, close: () => handle.close() }
}

function refusal(host: string, port: number) {
  const privileged = port < 1024 && process.getuid?.() !== 0
  return new Complaint(
    privileged
      ? `Port ${port} needs root. Set PORT to one from 1024 on, and put a reverse proxy in front.`
      : `Port ${port} on ${host} is in use by another program. Stop that program, or set PORT to another one.`,
  )
}
