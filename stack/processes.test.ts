import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { baseEnvironment, LAYERS, processTable } from './processes.ts'
import { loadSettings } from './settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-table-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function tableWith(environment: Record<string, string> = {}) {
  const settings = await loadSettings({ TINTYPE_DATA: folder, ...environment })
  const table = processTable(settings, 7)
  return { settings, table, all: Object.values(table).flat() }
}

test('what serves the public is stopped first and the stores last', () => {
  expect([...LAYERS].reverse()).toEqual([
    ...['hub', 'edge', 'workers', 'dispatcher', 'gateway', 'stores'],
  ])
})

test('no process learns the secrets of the others', async () => {
  const { settings, all } = await tableWith()
  const { variables } = settings
  const mayKnow: Record<string, string[]> = {
    DATABASE_URL: [],
    APP_DATABASE_URL: ['gateway', 'dispatcher', 'media', 'gpu'],
    VALKEY_URL: ['dispatcher', 'media', 'gpu'],
    MEDIA_SECRET: ['media'],
    GATEWAY_SECRET: ['gateway', 'hub', 'edge-1', 'edge-2'],
    HUB_SECRET: ['hub', 'media', 'edge-1', 'edge-2'],
    STORE_EVENTS_SECRET: ['hub'],
    DISPATCHER_SECRET: ['dispatcher', 'edge-1', 'edge-2'],
    GPU_SECRET: ['gpu', 'edge-1', 'edge-2'],
    S3_SECRET_ACCESS_KEY: ['media', 'gpu', 'edge-1', 'edge-2'],
  }

  const knows = Object.keys(mayKnow).map((name) => {
    const secret = variables[name] ?? ''
    const holders = all.filter(({ env, args }) =>
      [...Object.values(env), ...args].some((text) => text.includes(secret)),
    )
    return [name, holders.map((process) => process.name)]
  })

  expect(Object.fromEntries(knows)).toEqual(mayKnow)
})

test('variables of ours in the environment reach only whom they are for', async () => {
  const { settings } = await tableWith()

  const base = baseEnvironment(settings, { PATH: '/bin', GATEWAY_SECRET: 'x', TZ: 'Asia/Tokyo' })

  expect(base).toEqual({ PATH: '/bin', TZ: 'Asia/Tokyo' })
})

test('several edge processes share one listening descriptor', async () => {
  const { table } = await tableWith({ EDGE_PROCESSES: '3' })

  expect(table.edge.map(({ name, descriptor }) => [name, descriptor])).toEqual([
    ['edge-1', 7],
    ['edge-2', 7],
    ['edge-3', 7],
  ])
  expect(table.edge[0]?.args).toContain('http=3')
})

test('a store with TLS is reached through the service that speaks it', async () => {
  const { table } = await tableWith({
    S3_ENDPOINT: 'https://s3.lan',
    S3_ACCESS_KEY_ID: 'key',
    S3_SECRET_ACCESS_KEY: 'secret',
  })

  expect(table.edge[0]?.args).toContain('storeTls=s3.lan:443')
})

test('each has time to start and to stop', async () => {
  const { all } = await tableWith()

  expect(
    all.filter(
      ({ startTimeoutMs, stopTimeoutMs }) => startTimeoutMs < 10_000 || stopTimeoutMs < 5000,
    ),
  ).toEqual([])
})
