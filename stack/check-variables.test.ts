import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assertVariables } from './check-variables.ts'
import { Complaint } from './complaint.ts'
import { loadSettings } from './settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-variables-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const check = async (environment: Record<string, string>) =>
  assertVariables(await loadSettings({ TINTYPE_DATA: folder, ...environment }))

test.each([
  ['LOG_LEVEL', 'loud'],
  ['MEDIA_CONCURRENCY', '0'],
  ['GPU_CONCURRENCY', 'many'],
  ['MODEL_HUB_URL', 'hub'],
  ['S3_PUBLIC_URL', 'photos'],
  ['SIGNUP_CODE', 'a'],
  ['NEON_URL', 'neon'],
  ['VALKEY_URL', 'valkey'],
  ['DATABASE_URL', 'postgres'],
  ['TRUSTED_PROXIES', '10.0.0.0/8, proxy'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['MODELS_DIR', '/nowhere/models'],
])('%s=%s is refused by its name, before anything runs', async (name, value) => {
  const refusal = await check({ [name]: value }).catch((error: unknown) => error)

  expect(refusal).toBeInstanceOf(Complaint)
  expect(String(refusal)).toContain(name)
})

test('what was generated, and lists of networks, are accepted', async () => {
  await expect(check({})).resolves.toBeUndefined()
  await expect(
    check({ TRUSTED_PROXIES: '10.0.0.0/8, ::1,fd00::/8', MODELS_DIR: folder, MODEL_HUB_URL: '' }),
  ).resolves.toBeUndefined()
})
