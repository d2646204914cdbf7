import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { envFragments, parseEnv } from '#contracts/env.ts'
import { MINIO_MODULE } from '#stack/parts/parts.ts'
import { eventsArnOf, eventsEnvironment } from '#stack/stores/minio.ts'

type Service = {
  image?: string
  build?: { context: string; dockerfile: string; target: string }
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  networks?: string[]
  restart?: string
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
}

const repository = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(repository, path), 'utf8')

const composeText = read('compose.gpu.yml')
const compose = parse(composeText, { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  networks: Record<string, { internal?: boolean }>
}
const services = Object.entries(compose.services)
const dockerfile = read('deploy/Dockerfile')
const envFile = spawnSync('sh', [join(repository, 'deploy/make-env.sh')], {
  encoding: 'utf8',
}).stdout
const generated = Object.fromEntries(
  envFile
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
)

const RUN_ONCE = ['migrate', 'bucket']

/** What docker compose makes of `${NAME:?}` and `${NAME:-default}`. */
function interpolate(text: string): string {
  return text.replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_, name, kind, rest) => {
    const value = generated[name]
    if (value) return value
    if (kind === '?') throw new Error(`${name} is not in the generated .env`)
    return rest ?? ''
  })
}

function environmentOf(name: string): Record<string, string> {
  const entries = Object.entries(compose.services[name]?.environment ?? {})
  return Object.fromEntries(entries.map(([key, value]) => [key, interpolate(String(value))]))
}

/** The fragments that an entry composes, read from its source. */
function shapeOf(entry: string) {
  const names = [...read(entry).matchAll(/envFragments\.(\w+)/g)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(0)
  return Object.assign(
    {},
    ...names.map((name) => envFragments[name as keyof typeof envFragments]),
  ) as Record<string, never>
}

const entries = {
  gateway: 'gateway/index.ts',
  dispatcher: 'workers/dispatcher/index.ts',
  media: 'workers/media/index.ts',
  gpu: 'workers/gpu/index.ts',
  migrate: 'db/migrate.ts',
}

/** Read by the code, and rightly left at its default in a container of its own. */
const LEFT_OUT: Record<string, string[]> = {
  // Nobody shares this Valkey.
  dispatcher: ['VALKEY_PREFIX'],
  media: ['VALKEY_PREFIX'],
  // What is put into the volume by hand lies where the models are fetched to.
  gpu: ['VALKEY_PREFIX', 'MODELS_DIR'],
}

test.each(Object.entries(entries))(
  '%s gets every variable that it reads, and no others',
  (name, entry) => {
    const shape = shapeOf(entry)
    const given = environmentOf(name)

    expect(() => parseEnv(shape, given)).not.toThrow()
    expect([...Object.keys(given), ...(LEFT_OUT[name] ?? [])].sort()).toEqual(
      Object.keys(shape).sort(),
    )
  },
)

/** What these sources name as a member of the environment or of a shape for it. */
const namesIn = (...paths: string[]) =>
  new Set(paths.flatMap((path) => read(path).match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? []))

test.each([
  ['watch', ['stack/watch-as.ts'], ['APP_DATABASE_URL']],
  ['bucket', ['stack/make-bucket.ts'], []],
])('%s gets what it reads, and no others', (name, sources, fragments) => {
  const constants = ['WAIT_MS', 'ALIVE_EVERY_MS']
  const reads = [...namesIn(...sources), ...fragments].filter((one) => !constants.includes(one))

  expect(Object.keys(environmentOf(name)).sort()).toEqual([...new Set(reads)].sort())
})

test.each([
  ['edge', 'wrangler.toml', ['HOST', 'PORT', 'EDGE_PROCESSES']],
  ['hub', 'edge/internal/wrangler.toml', ['INTERNAL_HOST', 'HUB_PORT']],
])('the %s gets every variable and secret of %s, and those of its listener', (name, path, own) => {
  const toml = read(path)
  const vars = toml.slice(toml.indexOf('[vars]'), toml.indexOf('[secrets]'))
  const names = [...vars.matchAll(/^([A-Z_0-9]+) =/gm)].map(([, name]) => name)
  const secrets = /required = \[(.*)\]/.exec(toml)?.[1]?.match(/[A-Z_0-9]+/g) ?? []

  expect(names.length).toBeGreaterThan(3)
  expect(secrets.length).toBeGreaterThan(1)
  expect(Object.keys(environmentOf(name)).sort()).toEqual([...names, ...secrets, ...own].sort())
})

test('the edge asks its neighbours where they listen', () => {
  const edge = environmentOf('edge')

  expect(edge.GATEWAY_URL).toBe(`http://gateway:${environmentOf('gateway').GATEWAY_PORT}`)
  expect(edge.DISPATCHER_URL).toBe(
    `http://dispatcher:${environmentOf('dispatcher').DISPATCHER_PORT}`,
  )
  expect(edge.HUB_URL).toBe(`http://hub:${environmentOf('hub').HUB_PORT}`)
  expect(environmentOf('media').HUB_URL).toBe(edge.HUB_URL)
  expect(edge.HUB_SECRET).toBe(environmentOf('hub').HUB_SECRET)
  expect(edge.GPU_URL).toBe(`http://gpu:${environmentOf('gpu').GPU_PORT}`)
  expect(edge.GPU_SECRET).toBe(environmentOf('gpu').GPU_SECRET)
  expect(edge.S3_ENDPOINT).toBe('http://minio:9000')
  expect(edge.GATEWAY_SECRET).toBe(environmentOf('gateway').GATEWAY_SECRET)
  expect(edge.DISPATCHER_SECRET).toBe(environmentOf('dispatcher').DISPATCHER_SECRET)
})

test('owner and app reach the same database under different roles', () => {
  const owner = new URL(environmentOf('migrate').DATABASE_URL ?? '')
  const app = new URL(environmentOf('migrate').APP_DATABASE_URL ?? '')
  const postgres = environmentOf('postgres')

  expect([owner.hostname, owner.pathname]).toEqual([app.hostname, app.pathname])
  expect([owner.username, owner.password]).toEqual([
    postgres.POSTGRES_USER,
    postgres.POSTGRES_PASSWORD,
  ])
  expect(owner.pathname).toBe(`/${postgres.POSTGRES_DB}`)
  expect(app.username).not.toBe(owner.username)
})

test('only the edge is published; nobody but it, who fetches models and who sends files leaves the internal network', () => {
  const published = services.filter(([, service]) => service.ports).map(([name]) => name)
  const outside = services.filter(([, { networks }]) => networks?.includes('outside'))

  expect(published).toEqual(['edge'])
  expect(outside.map(([name]) => name)).toEqual(['edge', 'gpu', 'watch'])
  expect(compose.networks.internal).toEqual({ internal: true })
})

test('every image has a fixed version, or is built here by a stage that exists', () => {
  const stages = [...dockerfile.matchAll(/^FROM .* AS ([\w-]+)$/gm)].map(([, stage]) => stage)

  for (const [, { image, build }] of services) {
    if (build) {
      expect(stages).toContain(build.target)
      expect(existsSync(join(repository, build.dockerfile))).toBe(true)
    } else expect(image).toMatch(/:[\w.-]*\d+\.\d+[\w.-]*$/)
  }
})

test('what keeps running has a health check that asks for it, and starts again', () => {
  const checks = read('deploy/healthcheck.mjs')

  for (const [name, service] of services.filter(([name]) => !RUN_ONCE.includes(name))) {
    expect(service.restart).toBe('unless-stopped')
    expect(service.healthcheck?.test.length).toBeGreaterThan(1)
    if (!service.build) continue
    expect(service.healthcheck?.test).toEqual(['CMD', 'node', 'deploy/healthcheck.mjs', name])
    expect(checks).toMatch(new RegExp(`^  ${name}[:,]`, 'm'))
  }
})

test('nobody waits for something that cannot become so', () => {
  for (const [, { depends_on = {} }] of services)
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const expected = RUN_ONCE.includes(name)
        ? 'service_completed_successfully'
        : 'service_healthy'
      expect([name, condition]).toEqual([name, expected])
      expect(compose.services).toHaveProperty(name)
    }
})

test('what runs in the images is built or exists', () => {
  const builds = read('stack/build.ts') + read('deploy/build.ts')
  const commands = [...dockerfile.matchAll(/^CMD (\[.*\])$/gm)].map(([, json]) =>
    JSON.parse(json ?? ''),
  )
  const own = services.flatMap(([, { build, command }]) => (build && command ? [command] : []))
  const files = [...commands, ...own].map((command: string[]) =>
    command.find((part) => /\.[jt]s$/.test(part)),
  )

  for (const file of files.filter((path) => path !== undefined)) {
    if (!file.startsWith('dist/')) expect(existsSync(join(repository, file))).toBe(true)
    else expect(builds).toMatch(new RegExp(`\\b${file.slice(5, -3)}(:| ?\\.js|\\.js)`))
  }
  expect(files.filter(Boolean)).toHaveLength(8)
})

test('images carry the versions that the rest of the project names', () => {
  expect(dockerfile).toContain(`NODE_VERSION=${read('.node-version').trim()}`)
  expect(dockerfile).toContain(MINIO_MODULE)
})

test('what must not be lost lies in a volume', () => {
  const mounted = (name: string) => compose.services[name]?.volumes ?? []

  expect(mounted('postgres')).toEqual(['postgres:/var/lib/postgresql/data'])
  expect(mounted('minio')).toEqual(['objects:/objects'])
  expect(dockerfile).toContain('"server", "/objects"')
  expect(Object.keys(compose.volumes).sort()).toEqual([
    'models',
    'objects',
    'postgres',
    'valkey',
    'watch',
  ])
})

test('the folder that is watched is only read', () => {
  const [folder, state] = compose.services.watch?.volumes ?? []

  expect(interpolate(folder ?? '')).toBe('./watch:/watch:ro')
  expect(state).toBe('watch:/state')
  expect(environmentOf('watch')).toMatchObject({ WATCH_STATE: '/state', WATCH_USER: '' })
  expect(dockerfile).toContain('"dist/watch.js", "/watch"')
})

test('Valkey keeps every key and demands its password', () => {
  const command = interpolate(compose.services.valkey?.command?.join(' ') ?? '')

  expect(command).toContain('--maxmemory-policy noeviction')
  expect(command).toContain('--appendonly yes')
  expect(command).toContain(`--requirepass ${generated.VALKEY_PASSWORD}`)
})

test('the generated .env has every variable, each secret another, and no default password', () => {
  const asked = [...composeText.matchAll(/\$\{(\w+)/g)].map(([, name]) => name)
  const secrets = Object.entries(generated).filter(([name]) => /PASSWORD|SECRET/.test(name))

  expect(Object.keys(generated)).toEqual(expect.arrayContaining([...new Set(asked)]))
  expect(new Set(secrets.map(([, value]) => value)).size).toBe(secrets.length)
  expect(secrets.every(([, value]) => /^[0-9a-f]{48}$/.test(value))).toBe(true)
  expect(generated.SIGNUP_CODE?.length).toBeGreaterThanOrEqual(10)
})

test('MinIO tells the Hub of new objects, as the bucket is told to', () => {
  const { endpoint, token } = {
    endpoint: environmentOf('minio').MINIO_NOTIFY_WEBHOOK_ENDPOINT_TINTYPE ?? '',
    token: environmentOf('minio').MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_TINTYPE,
  }
  const hub = environmentOf('hub')
  const names = Object.keys(eventsEnvironment({ url: endpoint, secret: '' }))

  expect(endpoint).toBe(`http://hub:${hub.HUB_PORT}/store-events`)
  expect(token).toBe(`Bearer ${hub.STORE_EVENTS_SECRET}`)
  expect(Object.keys(environmentOf('minio'))).toEqual(expect.arrayContaining(names))
  expect(environmentOf('bucket').STORE_EVENTS_ARN).toBe(
    eventsArnOf(environmentOf('minio').MINIO_REGION ?? ''),
  )
})
