import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withLock } from './build-lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-lock-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const HOLDER = `
import { appendFileSync } from 'node:fs'
import { withLock } from '${import.meta.dirname}/build-lock.ts'
const [folder, name] = process.argv.slice(1)
await withLock(folder, 'lock', async () => {
  appendFileSync(folder + '/trace', name + ' in\\n')
  await new Promise((resolve) => setTimeout(resolve, 100))
  appendFileSync(folder + '/trace', name + ' out\\n')
})
`

test.each([
  ['', ''],
  [', after one that ended without giving it back', `${process.pid}\n1\n`],
])('of several processes one works at a time%s', async (_, left) => {
  if (left) await writeFile(join(folder, 'lock.pid'), left)
  const children = ['a', 'b', 'c'].map((name) =>
    spawn(process.execPath, ['--input-type=module', '-e', HOLDER, folder, name], {
      stdio: 'inherit',
    }),
  )
  await Promise.all(children.map((child) => once(child, 'exit')))

  const lines = (await readFile(join(folder, 'trace'), 'utf8')).trim().split('\n')
  expect(lines).toHaveLength(6)
  expect(
    lines.filter((_, index) => index % 2 === 0).map((line) => line.replace('in', 'out')),
  ).toEqual(lines.filter((_, index) => index % 2 === 1))
})

test('a lock whose holder has ended is nobody’s', async () => {
  await writeFile(join(folder, 'lock.pid'), `${process.pid}\n1\n`)

  expect(await withLock(folder, 'lock', async () => 'worked')).toBe('worked')
  expect(await readdir(folder)).toEqual([])
})

test('what fails gives the lock back', async () => {
  const failing = withLock(folder, 'lock', async () => {
    throw new Error('no')
  })

  await expect(failing).rejects.toThrow('no')
  expect(await withLock(folder, 'lock', async () => 'worked')).toBe('worked')
})
