import { randomInt } from 'node:crypto'
import { freePortsFrom } from '#stack/stores/free-port.ts'

/**
 * A free port for a process that has yet to start. The kernel gives ports from 32768 on to whoever asks for any; below, nobody
 * takes this one in the meantime.
 */
export async function reservedPort(): Promise<number> {
  const [port = 0] = await freePortsFrom(randomInt(20_000, 31_000), 1)
  return port
}
