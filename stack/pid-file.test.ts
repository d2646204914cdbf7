import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findRunning, isStale, listRunning, removePid, startOf, writePid } from './pid-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-pids-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a process that runs is found by its file', () => {
  writePid(folder, 'this', process.pid)

  expect(listRunning(folder)).toEqual([{ name: 'this', pid: process.pid }])
})

test('the file of a process that ended is stale', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  writePid(folder, 'gone', child.pid ?? 0)
  await once(child, 'exit')

  expect(findRunning(folder, 'gone')).toBeUndefined()
  expect(isStale(folder, 'gone')).toBe(true)
})

test('a file that is not there, or names one that runs, is not stale', () => {
  writePid(folder, 'this', process.pid)

  expect([isStale(folder, 'this'), isStale(folder, 'other')]).toEqual([false, false])
})

test('a number that now belongs to another process is stale', async () => {
  await writeFile(join(folder, 'reused.pid'), `${process.pid}\n1\n`)

  expect(findRunning(folder, 'reused')).toBeUndefined()
})

test.each(['', 'nonsense', '12'])('a file that says %j names nobody', async (text) => {
  await writeFile(join(folder, 'odd.pid'), text)

  expect(findRunning(folder, 'odd')).toBeUndefined()
})

test('a removed file is gone, and removing it again does no harm', () => {
  writePid(folder, 'this', process.pid)

  removePid(folder, 'this')
  removePid(folder, 'this')

  expect(listRunning(folder)).toEqual([])
})

test('when a process began does not change', () => {
  expect(startOf(process.pid)).toBe(startOf(process.pid))
})
