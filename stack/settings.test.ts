import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { envFragments } from '#contracts/env.ts'
import { Complaint } from './complaint.ts'
import { parseEnvFile } from './env-file.ts'
import { repositoryFolder } from './paths.ts'
import { dataFolderOf, envPath, isLoopback, loadSettings } from './settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-settings-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('secrets are made once, and lie in a file that only its owner reads', async () => {
  const first = await loadSettings({ TINTYPE_DATA: folder })
  const second = await loadSettings({ TINTYPE_DATA: folder })

  expect(second.variables).toEqual(first.variables)
  expect((await stat(envPath(folder))).mode & 0o777).toBe(0o600)
})

test('two data folders share no secret', async () => {
  const one = await loadSettings({ TINTYPE_DATA: join(folder, 'one') })
  const other = await loadSettings({ TINTYPE_DATA: join(folder, 'other') })

  const secrets = [
    'GATEWAY_SECRET',
    'DISPATCHER_SECRET',
    'MEDIA_SECRET',
    'S3_SECRET_ACCESS_KEY',
    'VALKEY_URL',
  ]
  const both = [one, other].flatMap(({ variables }) => secrets.map((name) => variables[name]))
  expect(new Set(both).size).toBe(
    secrets.length * 2 - (one.variables.VALKEY_URL === other.variables.VALKEY_URL ? 1 : 0),
  )
  expect(one.variables.GATEWAY_SECRET).not.toBe(one.variables.DISPATCHER_SECRET)
})

test('every name in the file is explained in .env.example', async () => {
  await loadSettings({ TINTYPE_DATA: folder, HOST: '0.0.0.0' })

  const written = Object.keys(parseEnvFile(await readFile(envPath(folder), 'utf8')))
  const example = parseEnvFile(await readFile(join(repositoryFolder, '.env.example'), 'utf8'))
  expect(written.filter((name) => !(name in example))).toEqual([])
})

test('every variable that a process reads is explained in .env.example', async () => {
  const read = Object.values(envFragments).flatMap((fragment) => Object.keys(fragment))

  const example = parseEnvFile(await readFile(join(repositoryFolder, '.env.example'), 'utf8'))
  expect(read.filter((name) => !(name in example))).toEqual([])
})

test('a store with a URL in the environment is not started, and its URL is not kept', async () => {
  const settings = await loadSettings({
    TINTYPE_DATA: folder,
    DATABASE_URL: 'postgres://me:mine@db.lan:5433/photos?sslmode=require',
  })

  expect([...settings.ownStores]).toEqual(['valkey', 'minio'])
  const app = new URL(settings.variables.APP_DATABASE_URL ?? '')
  expect(app.username).toBe('tintype_app')
  expect(app.host).toBe('db.lan:5433')
  expect(app.search).toBe('?sslmode=require')
  expect(await readFile(envPath(folder), 'utf8')).not.toContain('db.lan')
})

test('an S3 of one’s own needs its keys', async () => {
  const loading = loadSettings({ TINTYPE_DATA: folder, S3_ENDPOINT: 'https://s3.lan' })

  await expect(loading).rejects.toThrow(
    'S3_ENDPOINT is set, so S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set too.',
  )
})

test('opened to the network, the first sign-up needs a code that stays the same', async () => {
  const opened = await loadSettings({ TINTYPE_DATA: folder, HOST: '0.0.0.0' })
  const again = await loadSettings({ TINTYPE_DATA: folder, HOST: '0.0.0.0' })
  const local = await loadSettings({ TINTYPE_DATA: folder })

  expect(opened.variables.SIGNUP_CODE).toMatch(/^[A-Z2-9]{10}$/)
  expect(again.variables.SIGNUP_CODE).toBe(opened.variables.SIGNUP_CODE)
  expect(local.variables.SIGNUP_CODE).toBeUndefined()
})

test('on loopback a code in the environment counts', async () => {
  const settings = await loadSettings({ TINTYPE_DATA: folder, SIGNUP_CODE: 'open-sesame' })

  expect(settings.variables.SIGNUP_CODE).toBe('open-sesame')
})

test.each(['nonsense', '0', '70000', '1.5'])('PORT=%s is refused by name', async (port) => {
  await expect(loadSettings({ TINTYPE_DATA: folder, PORT: port })).rejects.toThrow(
    `PORT is ${port}`,
  )
})

test.each([
  ['127.0.0.1', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['192.168.1.2', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

test('the data folder is relative to the clone, not to where one happens to be', () => {
  expect(dataFolderOf({ TINTYPE_DATA: '.tintype-x' })).toBe(join(repositoryFolder, '.tintype-x'))
})

test('a data folder that cannot be written to is told with its reason', async () => {
  const file = join(folder, 'a-file')
  await writeFile(file, '')

  for (const place of [file, join(file, 'below'), '/proc/tintype']) {
    const refusal = await loadSettings({ TINTYPE_DATA: place }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(Complaint)
    expect(String(refusal)).toContain(`Nothing can be written into ${place}`)
  }
})
