import { io } from 'socket.io-client'
import { atEndOfFile } from './at-end-of-file.ts'
import { until } from './until.ts'

type Heard = { name: string; args: unknown[]; at: number }
type Proof = { headers?: Record<string, string>; query?: Record<string, string> }

const PATIENCE = { timeoutMs: 20_000 }

/** The official client, with everything that it heard. */
export function listen(url: string, { headers = {}, query = {} }: Proof = {}) {
  const heard: Heard[] = []
  const ends: string[] = []
  const refusals: string[] = []
  const socket = io(url, {
    path: '/api/socket.io',
    transports: ['websocket'],
    extraHeaders: headers,
    query,
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  })
  socket.onAny((name: string, ...args: unknown[]) => heard.push({ name, args, at: Date.now() }))
  socket.on('disconnect', (reason) => ends.push(reason))
  socket.on('connect_error', (error) => {
    const { description } = error as { description?: { message?: string } }
    refusals.push(description?.message ?? error.message)
  })
  atEndOfFile(async () => void socket.disconnect())
  const named = (name: string) => heard.filter((one) => one.name === name)
  return {
    ...{ socket, heard, ends, refusals, named },
    /** The first argument of the first event of that name. */
    async hear<Argument = unknown>(
      name: string,
      timeoutMs = PATIENCE.timeoutMs,
    ): Promise<Argument> {
      await until(() => named(name).length > 0, { timeoutMs })
      return named(name)[0]?.args[0] as Argument
    },
    async ready() {
      await until(() => socket.connected && named('on_server_version').length > 0, PATIENCE)
      return this
    },
    async ended() {
      await until(() => ends.length > 0, PATIENCE)
      return ends[0]
    },
  }
}

export const asUser = ({ token }: { token: string }): Proof => ({
  headers: { authorization: `Bearer ${token}` },
})
