import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listPidNames, writePid } from './pid-file.ts'
import {
  assertNotRunning,
  assertPortsFree,
  assertSpace,
  endLeftovers,
  internalPorts,
  makeFolders,
  publicUrl,
  rememberUrl,
  runFolderOf,
} from './preflight.ts'
import { loadSettings } from './settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-preflight-'))
  await makeFolders(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a second start says who runs and where', async () => {
  const settings = await loadSettings({ TINTYPE_DATA: folder })
  writePid(runFolderOf(folder), 'stack', process.pid)
  writePid(runFolderOf(folder), 'gateway', process.ppid)
  rememberUrl(folder, 'http://localhost:4000')

  expect(() => assertNotRunning(settings)).toThrow(
    `process ${process.pid}, with gateway (${process.ppid}).\nIt is at http://localhost:4000.`,
  )
})

test('a stale pid file does not stop a start', async () => {
  const settings = await loadSettings({ TINTYPE_DATA: folder })
  await writeFile(join(runFolderOf(folder), 'stack.pid'), `${process.pid}\n1\n`)

  expect(() => assertNotRunning(settings)).not.toThrow()
})

test('what an earlier start left behind is stopped, and only that', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true })
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
  writePid(runFolderOf(folder), 'gateway', child.pid ?? 0)
  await writeFile(join(runFolderOf(folder), 'media.pid'), `${process.pid}\n1\n`)
  const said: string[] = []

  await endLeftovers(folder, (line) => said.push(line))

  expect(await ended).toBe('SIGTERM')
  expect(said).toEqual([
    `An earlier start ended without stopping gateway (${child.pid}); stopping that first.`,
  ])
  expect(listPidNames(runFolderOf(folder))).toEqual([])
})

test('what ends by itself while another is stopped does not fail the start', async () => {
  const second = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const takesItAlong = `process.on('SIGTERM', () => {
    process.kill(${second.pid}, 'SIGKILL')
    setTimeout(() => process.exit(), 300)
  })
  console.log('up')
  setInterval(() => {}, 1000)`
  const first = spawn(process.execPath, ['-e', takesItAlong])
  writePid(runFolderOf(folder), 'edge-1', first.pid ?? 0)
  writePid(runFolderOf(folder), 'gateway', second.pid ?? 0)
  await once(first.stdout, 'data')

  await endLeftovers(folder, () => {})

  expect(second.signalCode).toBe('SIGKILL')
  expect(listPidNames(runFolderOf(folder))).toEqual([])
})

test('a full disk is told in one message', () => {
  expect(() => assertSpace('/data', 12 * 1024 * 1024)).toThrow(
    'The disk of /data is full: 12 MB are free, and Tintype needs 256 MB to start.',
  )
})

test('an internal port in use is told with the variable that names it', async () => {
  const settings = await loadSettings({ TINTYPE_DATA: folder })
  const [taken] = internalPorts(settings)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(taken?.port, '127.0.0.1', resolve))

  const asserting = assertPortsFree(settings, 'the env file')

  await expect(asserting).rejects.toThrow(
    `Port ${taken?.port}, which DATABASE_URL in the env file names, is in use`,
  )
  server.close()
})

test('the ports of stores that run elsewhere are not looked at', async () => {
  const settings = await loadSettings({
    TINTYPE_DATA: folder,
    VALKEY_URL: 'redis://cache.lan:6379',
  })

  expect(internalPorts(settings).map(({ name }) => name)).not.toContain('VALKEY_URL')
})

test.each([
  ['127.0.0.1', 'http://localhost:2283'],
  ['0.0.0.0', 'http://localhost:2283'],
  ['nas.lan', 'http://nas.lan:2283'],
  ['fd00::2', 'http://[fd00::2]:2283'],
])('on %s the gallery is at %s', (host, url) => {
  expect(publicUrl({ host, port: 2283 })).toBe(url)
})
