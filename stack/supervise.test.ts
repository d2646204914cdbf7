import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '#test/helpers/until.ts'
import { findRunning, listPidNames } from './pid-file.ts'
import { type ProcessSpec, type Supervised, supervise } from './supervise.ts'

let folder: string
let said: string[]
let started: Supervised[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-supervise-'))
  await mkdir(join(folder, 'run'))
  await mkdir(join(folder, 'logs'))
  said = []
  started = []
})
afterEach(async () => {
  for (const one of started) await one.stop('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const FAST = { firstMs: 40, maxMs: 160, steadyMs: 10_000 }

function run(script: string, changes: Partial<ProcessSpec> = {}) {
  const spec: ProcessSpec = {
    name: 'sample',
    file: process.execPath,
    args: ['-e', script],
    env: { PATH: process.env.PATH ?? '' },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 15_000,
    startTimeoutMs: 15_000,
    isReady: async () => true,
    ...changes,
  }
  const place = { runFolder: join(folder, 'run'), logFolder: join(folder, 'logs') }
  const one = supervise(spec, { ...place, say: (line) => said.push(line), backoff: FAST })
  started.push(one)
  return one
}

const logLines = async () =>
  (await readFile(join(folder, 'logs', 'sample.log'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** A sample that says a line has set up what it does on signals. */
const untilUp = () => until(async () => (await logLines()).length === 1)

const untilAnother = (one: Supervised, first: number) =>
  until(() => ![first, undefined].includes(one.pid()))

function isAlive(pid: number) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const FOREVER = 'setInterval(() => {}, 1000)'

test('a running process has a pid file and a group of its own', async () => {
  const one = run(FOREVER)

  await one.start()

  const found = findRunning(join(folder, 'run'), 'sample')
  expect(found?.pid).toBe(one.pid())
  expect(process.kill(-(one.pid() ?? 0), 0)).toBe(true)
})

test('a process that is killed starts again, and a line says why', async () => {
  const one = run(FOREVER)
  await one.start()
  const first = one.pid() ?? 0

  process.kill(first, 'SIGKILL')

  await untilAnother(one, first)
  expect(said[0]).toMatch(/^sample was killed by SIGKILL after \d s; starting it again in 0.04 s$/)
})

test('the pauses double up to a limit while it keeps ending', async () => {
  const one = run("console.log('the reason'); setTimeout(() => process.exit(3), 20)")
  await one.start()

  await until(() => said.length >= 5)

  const pauses = said.map((line) => Number(/again in ([\d.]+) s/.exec(line)?.[1]))
  expect(pauses.slice(0, 5)).toEqual([0.04, 0.08, 0.16, 0.16, 0.16])
  expect(said.at(-1)).toContain('ended with code 3')
  expect(said.at(-1)).toContain('it last said: the reason')
})

test('one that never gets ready and keeps ending fails the start with its last words', async () => {
  const one = run("console.error('no such variable'); process.exit(1)", {
    isReady: async () => false,
  })

  await expect(one.start()).rejects.toThrow(
    /sample does not start: it ended with code 1\.\n {2}no such variable/,
  )
})

test('one that does not answer in time fails the start', async () => {
  const one = run(FOREVER, { isReady: async () => false, startTimeoutMs: 200 })

  await expect(one.start()).rejects.toThrow('sample does not answer after 0.2 s')
})

test('stopping one that is still starting ends the start too', async () => {
  const one = run(FOREVER, { isReady: async () => false })
  const starting = one.start()
  const refused = expect(starting).rejects.toThrow('sample was stopped while it started')

  await one.stop()

  await refused
  expect(one.pid()).toBeUndefined()
})

test('a program that is not there fails the start with a reason', async () => {
  const one = run('', { file: '/nowhere/at-all', isReady: async () => false })

  await expect(one.start()).rejects.toThrow(/could not be started .*ENOENT/)
})

test('stopping waits for an orderly end and leaves no pid file', async () => {
  const one = run(
    `process.on('SIGTERM', () => setTimeout(() => { console.log('done'); process.exit(0) }, 100)); console.log('up'); ${FOREVER}`,
  )
  await one.start()
  await untilUp()

  await one.stop()

  expect((await logLines()).map(({ msg }) => msg)).toEqual(['up', 'done'])
  expect(listPidNames(join(folder, 'run'))).toEqual([])
  expect(said).toEqual([])
})

test('one that ignores the signal is killed after its time', async () => {
  const one = run(`process.on('SIGTERM', () => {}); console.log('up'); ${FOREVER}`, {
    stopTimeoutMs: 200,
  })
  await one.start()
  await untilUp()

  await one.stop()

  expect(one.pid()).toBeUndefined()
  expect(said).toEqual(['sample did not stop within 0.2 s and is killed'])
})

test('what it started goes with it', async () => {
  const child = `require('node:child_process').spawn(process.execPath, ['-e', '${FOREVER}'], { stdio: 'ignore' }).pid`
  const one = run(`console.log(${child}); ${FOREVER}`)
  await one.start()
  await untilUp()
  const grandchild = Number((await logLines())[0].msg)

  process.kill(one.pid() ?? 0, 'SIGKILL')

  await until(() => !isAlive(grandchild))
})

test('a process gets its own variables and not those of this one', async () => {
  const one = run(
    'console.log(Object.keys(process.env).sort().join()); setInterval(() => {}, 1000)',
    {
      env: { PATH: process.env.PATH ?? '', ONLY: 'this' },
    },
  )
  await one.start()

  await untilUp()
  expect((await logLines())[0].msg).toBe('ONLY,PATH')
})

test('one that would wait for its clients to leave is told not to', async () => {
  const one = run(
    `process.on('SIGTERM', () => console.log('waiting for all to leave'))
    process.on('SIGINT', () => process.exit(0)); console.log('up'); ${FOREVER}`,
    { stopSignal: 'SIGINT', waitsForClientsAt: /^waiting for all/ },
  )
  await one.start()
  await untilUp()
  const first = one.pid() ?? 0

  process.kill(first, 'SIGTERM')

  await untilAnother(one, first)
})

test('the last words of one that ends at once are told', async () => {
  const one = run(`process.stdout.write('Error: no such port\\n', () => process.exit(1))`, {
    isReady: async () => false,
  })

  await expect(one.start()).rejects.toThrow('Error: no such port')
})
