import { randomInt } from 'node:crypto'
import { freePortsFrom } from '#stack/stores/free-port.ts'

/**
 * Free ports for processes that have yet to start. From 32768 on the kernel gives them to whoever asks for any; below,
 * nobody takes one of these in the meantime.
 */
export const reservedPorts = (count: number) => freePortsFrom(randomInt(20_000, 31_000), count)

export async function reservedPort(): Promise<number> {
  const [port = 0] = await reservedPorts(1)
  return port
}
