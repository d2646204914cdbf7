import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { asksForHelp, parseStartOptions } from './start-options.ts'

test('nothing is imported unless asked for', () => {
  expect(parseStartOptions([])).toEqual({})
})

test('a folder is imported for the first administrator, or for a user', () => {
  expect(parseStartOptions(['--import', tmpdir()])).toEqual({ importFolder: tmpdir() })
  expect(parseStartOptions(['--import', tmpdir(), '--user', 'a@b.co'])).toEqual({
    importFolder: tmpdir(),
    user: 'a@b.co',
  })
})

test('a folder is watched, beside one that is imported or alone', () => {
  expect(parseStartOptions(['--watch', tmpdir()])).toEqual({ watchFolder: tmpdir() })
  expect(
    parseStartOptions(['--import', tmpdir(), '--watch', tmpdir(), '--user', 'a@b.co']),
  ).toEqual({ importFolder: tmpdir(), watchFolder: tmpdir(), user: 'a@b.co' })
})

test.each([
  [['--import'], '--import needs a value'],
  [['--import', '/no/such/folder'], '/no/such/folder is not a folder'],
  [['--watch', '/no/such/folder'], '/no/such/folder is not a folder'],
  [['--user', 'a@b.co'], 'it needs --import or --watch'],
  [['--verbose', 'yes'], 'There is no option --verbose'],
])('%j is refused', (args, reason) => {
  expect(() => parseStartOptions(args)).toThrow(reason)
})

test('help is asked for in the usual ways', () => {
  expect([['--help'], ['-h'], ['--watch', '--help'], []].map(asksForHelp)).toEqual([
    ...[true, true, true, false],
  ])
})
