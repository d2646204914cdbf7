import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { quietPort } from '#stack/stores/free-port.ts'
import { openListener } from './listener.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const SERVE = `
require('node:http').createServer((request, response) => response.end(String(process.pid)))
  .listen({ fd: 3 }, () => console.log('up'))
`

async function serveOn(descriptor: number) {
  const child = spawn(process.execPath, ['-e', SERVE], {
    stdio: ['ignore', 'pipe', 'inherit', descriptor],
  })
  closing.push(() => child.kill('SIGKILL'))
  if (child.stdout) await once(child.stdout, 'data')
  return child
}

const ask = async (port: number) =>
  (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).text()

test('several processes serve one port, and it stays open while one is replaced', async () => {
  const port = await quietPort()
  const listener = await openListener('127.0.0.1', port)
  closing.push(listener.close)
  const first = await serveOn(listener.descriptor)
  const second = await serveOn(listener.descriptor)

  first.kill('SIGKILL')
  await once(first, 'exit')
  const answer = await ask(port)
  second.kill('SIGKILL')
  await once(second, 'exit')
  const waiting = ask(port)
  const third = await serveOn(listener.descriptor)

  expect(answer).toBe(String(second.pid))
  expect(await waiting).toBe(String(third.pid))
})

test('a port in use is told in one message', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0

  await expect(openListener('127.0.0.1', port)).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is in use by another program. Stop that program, or set PORT to another one.`,
  )
})

test('a HOST that is no address of this machine is refused by name', async () => {
  await expect(openListener('no.such.host.invalid', 2283)).rejects.toThrow(
    'HOST is no.such.host.invalid',
  )
})
