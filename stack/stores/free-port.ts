import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

export function isFree(port: number) {
  return new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => resolve(true)),
    )
  })
}

/** A port that the kernel says is free at this moment. */
export function freePort() {
  return new Promise<number>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : undefined
      server.close(() => (port ? resolve(port) : reject(new Error('no free port'))))
    })
  })
}

/** The first `count` free ports from `first` upwards: stable numbers, below those that clients are given. */
export async function freePortsFrom(first: number, count: number) {
  const found: number[] = []
  for (let port = first; port < 32_000 && found.length < count; port++) {
    if (await isFree(port)) found.push(port)
  }
  if (found.length < count) throw new Error(`fewer than ${count} ports are free above ${first}`)
  return found
}

const [QUIET_FIRST, QUIET_LAST] = [20_000, 31_000]

/**
 * Free ports for processes that take seconds before they listen. From 32768 on the kernel gives them to whoever asks for
 * any; below, nobody takes one of these in the meantime.
 */
export const quietPorts = (count: number) =>
  freePortsFrom(randomInt(QUIET_FIRST, QUIET_LAST), count)

export async function quietPort(): Promise<number> {
  const [port = 0] = await quietPorts(1)
  return port
}
