import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { completeLockfile, type Lockfile } from './complete-lockfile.ts'
import { repositoryFolder } from './paths.ts'

const own: Lockfile = JSON.parse(readFileSync(join(repositoryFolder, 'package-lock.json'), 'utf8'))

test('optional packages of other platforms are added in the version that is wanted', () => {
  const completed = completeLockfile({
    packages: {
      '': {},
      'node_modules/tool': {
        version: '2.0.0',
        dev: true,
        optionalDependencies: { 'tool-linux-x64': '2.0.0', 'tool-darwin-arm64': '2.0.0' },
      },
      'node_modules/tool-linux-x64': { version: '2.0.0' },
    },
  })

  expect(completed.packages['node_modules/tool-darwin-arm64']).toEqual({
    version: '2.0.0',
    os: ['darwin'],
    cpu: ['arm64'],
    dev: true,
    optional: true,
  })
  expect(Object.keys(completed.packages)).toHaveLength(4)
})

test('two versions of one tool keep their packages apart', () => {
  const completed = completeLockfile({
    packages: {
      'node_modules/tool': {
        version: '2.0.0',
        optionalDependencies: { 'tool-darwin-64': '2.0.0' },
      },
      'node_modules/user/node_modules/tool': {
        version: '1.0.0',
        optionalDependencies: { 'tool-darwin-64': '1.0.0' },
      },
    },
  })

  expect(completed.packages['node_modules/tool-darwin-64']?.version).toBe('2.0.0')
  expect(
    completed.packages['node_modules/user/node_modules/tool/node_modules/tool-darwin-64']?.version,
  ).toBe('1.0.0')
})

test('the lockfile of this repository is complete', () => {
  expect(completeLockfile(own)).toEqual(own)
})

test('the lockfile names no registry', () => {
  expect(JSON.stringify(own)).not.toContain('"resolved"')
})
