import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatEnvFile, parseEnvFile, readEnvFile, writeEnvFile } from './env-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-env-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('what is written is read back, whatever is in the values', () => {
  const variables = {
    PLAIN: 'abc',
    SPACED: 'a b',
    QUOTED: 'a"b#c',
    DOLLAR: '$x\\y',
    URL: 'postgres://a:b@c:1/d?e=f',
  }

  const read = parseEnvFile(formatEnvFile(variables))

  expect(read).toEqual(variables)
})

test('comments and blank lines are no variables', () => {
  const read = parseEnvFile('# PORT=1\n\n  HOST=127.0.0.1  \nnonsense\n')

  expect(read).toEqual({ HOST: '127.0.0.1' })
})

test('a file that is not there has no variables', async () => {
  const read = await readEnvFile(join(folder, 'env'))

  expect(read).toEqual({})
})

test('only its owner can read the file, even where an open one lay before', async () => {
  const path = join(folder, 'env')
  await writeFile(path, 'OLD=1\n', { mode: 0o666 })

  await writeEnvFile(path, { SECRET: 'x' })

  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['env'])
})
