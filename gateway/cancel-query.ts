import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type pg from 'pg'

const CANCEL_REQUEST = 80_877_102
const SSL_REQUEST = 80_877_103
const TIMEOUT_MS = 3_000

/** What pg keeps of the connection's backend and its types leave out. */
type Backend = { processID: number; secretKey: number; ssl: boolean | object }

/**
 * Asks Postgres to end what this client is running. Resolves when Postgres has taken the request, or could not be
 * reached. A cancel may come late and hit the next statement, so the client must not be used again.
 */
export async function cancelQuery(client: pg.PoolClient): Promise<void> {
  const { processID, secretKey, ssl } = client as unknown as Backend
  const { host, port } = client
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  try {
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await once(socket, 'connect')
    const channel = ssl ? await startTls(socket, host, ssl) : socket
    channel.end(packet([CANCEL_REQUEST, processID, secretKey]))
    // Postgres closes the connection when it has sent its signal.
    await closed
  } catch {
    // Postgres is gone, and with it what was running.
  } finally {
    socket.destroy()
  }
}

async function startTls(socket: Socket, host: string, ssl: true | object): Promise<Socket> {
  socket.write(packet([SSL_REQUEST]))
  await once(socket, 'data')
  const names = isIP(host) ? { host } : { host, servername: host }
  const secure = connectTls({ socket, ...names, ...(ssl === true ? {} : ssl) })
  await once(secure, 'secureConnect')
  return secure
}

/** Four bytes each, the length before them. */
function packet(words: number[]): Buffer {
  const bytes = Buffer.alloc(4 * (words.length + 1))
  for (const [index, word] of [bytes.length, ...words].entries())
    bytes.writeInt32BE(word, index * 4)
  return bytes
}
