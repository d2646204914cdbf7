import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quietPort } from '#stack/stores/free-port.ts'
import { assertReachable } from './given-stores.ts'
import { loadSettings } from './settings.ts'

async function settingsWith(environment: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-given-'))
  const settings = await loadSettings({ TINTYPE_DATA: folder, ...environment })
  await rm(folder, { recursive: true })
  return settings
}

test.each([
  ['DATABASE_URL', 'postgres://me:pw@127.0.0.1', {}],
  ['VALKEY_URL', 'redis://127.0.0.1', {}],
  ['S3_ENDPOINT', 'http://127.0.0.1', { S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' }],
])('a %s where nobody answers is told with its address', async (name, url, keys) => {
  const port = await quietPort()
  const settings = await settingsWith({ [name]: `${url}:${port}`, ...keys })

  await expect(assertReachable(settings)).rejects.toThrow(
    `${name} names 127.0.0.1:${port}, where nobody answers (ECONNREFUSED)`,
  )
})

test('one that answers is taken, and those that Tintype runs itself are not asked', async () => {
  const port = await quietPort()
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const settings = await settingsWith({ VALKEY_URL: `redis://127.0.0.1:${port}` })

  await expect(assertReachable(settings)).resolves.toBeUndefined()
  server.close()
})
