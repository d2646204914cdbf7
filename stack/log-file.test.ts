import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLogFile } from './log-file.ts'
import { lastWords, toLogLine } from './log-line.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-logs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const NOON = new Date('2026-01-01T12:00:00Z')

test('a log is rotated, and only so many old ones stay', async () => {
  const log = openLogFile(join(folder, 'a.log'), { maxBytes: 25, kept: 2 })

  for (let number = 0; number < 9; number++) log.write(`line ${number} of this`)
  log.close()

  expect((await readdir(folder)).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2'])
  expect(await readFile(join(folder, 'a.log'), 'utf8')).toBe('line 8 of this\n')
  expect(await readFile(join(folder, 'a.log.1'), 'utf8')).toBe('line 7 of this\n')
})

test('a disk that takes no more loses lines, not the process', () => {
  const errors: Error[] = []
  const log = openLogFile('/dev/full', { onError: (error) => errors.push(error) })

  log.write('this cannot be written')

  expect(errors[0]?.message).toContain('ENOSPC')
})

test.each([
  [
    'a line of ours stays as it is',
    'gateway',
    '{"level":"info","process":"gateway","msg":"hello"}',
    { msg: 'hello', process: 'gateway', level: 'info' },
  ],
  [
    'plain text is wrapped',
    'postgres',
    'LOG:  ready',
    { process: 'postgres', level: 'info', msg: 'LOG:  ready', time: NOON.toISOString() },
  ],
  [
    'Postgres’ errors are errors',
    'postgres',
    'ERROR:  no',
    { process: 'postgres', level: 'error', msg: 'ERROR:  no', time: NOON.toISOString() },
  ],
  [
    'MinIO’s JSON takes our form',
    'minio',
    '{"level":"INFO","time":"t","message":"API"}',
    { process: 'minio', level: 'info', time: 't', msg: 'API' },
  ],
  [
    'broken JSON is text',
    'edge-1',
    '{"level":',
    { process: 'edge-1', level: 'info', msg: '{"level":', time: NOON.toISOString() },
  ],
])('%s', (_, name, line, expected) => {
  expect(JSON.parse(toLogLine(name, line, NOON))).toEqual(expected)
})

test.each([
  [
    'of a crash, the error',
    ['node:fs:1', '     ^', 'Error: EACCES: no', '    at x', 'Node.js v24'],
    'Error: EACCES: no',
  ],
  [
    'of JSON lines, the last error with its cause',
    ['{"level":"error","msg":"lost","err":{"message":"gone"}}', '{"level":"info","msg":"closing"}'],
    'lost: gone',
  ],
  [
    'of a Worker that throws, what it threw',
    ['service edge: Uncaught Error: PORT is wrong', '  at index.js:9:1'],
    'service edge: Uncaught Error: PORT is wrong',
  ],
  ['of Postgres’ client, its reason', ['error: no such role', '    at x'], 'error: no such role'],
  ['without an error, the last line', ['one', 'two'], 'two'],
  ['of silence, nothing', [], ''],
])('last words: %s', (_, lines, expected) => {
  expect(lastWords(lines)).toBe(expected)
})
