import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { AssetFaceResponseDto } from '#contracts/api/faces.ts'
import { PeopleResponseDto } from '#contracts/api/people.ts'
import { TimeBucketAssetResponseDto } from '#contracts/api/timeline.ts'
import { findSpaces } from '#db/queries/vector-spaces.ts'
import { createNodeStorage } from '#storage/node.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createAccounts, createBackend } from '#test/helpers/backend.ts'
import { assetForm } from '#test/helpers/forms.ts'
import { until } from '#test/helpers/until.ts'
import { buildTestEdge, startWorkerd } from '#test/helpers/workerd.ts'
import { createLog } from '#workers/runtime/log.ts'
import { createEngine } from '../../workers/gpu/inference/engine.ts'
import { createModelStore } from '../../workers/gpu/models/model-store.ts'
import { startGpu } from '../../workers/gpu/start-gpu.ts'

const SHARED = join(import.meta.dirname, '../../../shared')
const MODEL = 'buffalo_standin'
const PHOTOS = join(SHARED, 'media/faces')
const Sample = z.object({ file: z.string(), people: z.string().nullable() })

const isThere = [join(SHARED, 'models', MODEL), PHOTOS].every((path) => existsSync(path))
if (!isThere) console.log(`skipped: no face models or photos at ${SHARED}`)

/** Who is on each photo, as expected.json tells: "one face: name" or "two faces". */
async function readExpected(): Promise<Map<string, string[]>> {
  const text = await readFile(join(SHARED, 'media/expected.json'), 'utf8')
  const samples = z.array(Sample).parse(JSON.parse(text))
  const faces = samples.filter(({ file }) => file.startsWith('faces/'))
  const names = faces.flatMap(({ people }) => /^one face: (\w+)$/.exec(people ?? '')?.[1] ?? [])
  const everybody = [...new Set(names)]
  return new Map(
    everybody.map((name) => [
      name,
      faces
        .filter(({ people }) => people === 'two faces' || people === `one face: ${name}`)
        .map(({ file }) => file.slice('faces/'.length))
        .sort(),
    ]),
  )
}

async function start() {
  const [backend, folder] = [await createBackend(), await buildTestEdge()]
  const { db, bucket, valkey, edgeVariables } = backend
  const models = await mkdtemp(join(tmpdir(), 'tintype-models-'))
  atEndOfFile(() => rm(models, { recursive: true, force: true }))
  for (const name of [MODEL, 'next-faces'])
    await cp(join(SHARED, 'models', MODEL), join(models, name), { recursive: true })
  const log = createLog({ process: 'test', level: 'fatal' })
  const store = createModelStore({ modelsDir: models, cacheFolder: join(models, 'cache') })
  const modelFolder = async (name: string) => await store.find('face', name)
  const gpu = await startGpu({
    db,
    storage: createNodeStorage(bucket),
    engine: createEngine({ modelFolder, concurrency: 1, log, providers: ['cpu'] }),
    store,
    valkey,
    http: { host: '127.0.0.1', port: 0, secret: 'a-secret-of-the-test' },
    log,
    timing: { lookMs: 100, buildingMs: 100, activeMs: 300 },
  })
  atEndOfFile(gpu.stop)
  const { url } = await startWorkerd(folder, edgeVariables)
  const { admin } = await createAccounts(url)

  async function send(method: string, path: string, body?: unknown) {
    const isForm = body instanceof FormData
    const response = await fetch(`${url}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${admin.token}`,
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
    return response
  }
  const get = async (path: string) => await (await send('GET', path)).json()

  async function configure(facialRecognition: Record<string, unknown>) {
    const config = await get('/system-config')
    const { machineLearning } = config
    const clip = { ...machineLearning.clip, enabled: false }
    const faces = { ...machineLearning.facialRecognition, ...facialRecognition }
    const changed = { ...machineLearning, clip, facialRecognition: faces }
    await send('PUT', '/system-config', { ...config, machineLearning: changed })
  }

  async function upload(name: string): Promise<string> {
    const bytes = await readFile(join(PHOTOS, name))
    const form = assetForm({ bytes, fileName: name })
    return (await (await send('POST', '/assets', form)).json()).id
  }

  const listPeople = async () => PeopleResponseDto.parse(await get('/people')).people
  const activeModel = async () =>
    (await findSpaces(db)).find(({ kind, state }) => kind === 'face' && state === 'active')?.model
  const hasOpenJobs = async () => {
    const { rows } = await db.execute(
      `select from outbox where failed_at is null and name in ('detect-faces', 'recognize-faces')`,
    )
    return rows.length > 0
  }

  async function photosOf(personId: string): Promise<string[]> {
    const buckets = z
      .array(z.object({ timeBucket: z.string() }))
      .parse(await get(`/timeline/buckets?personId=${personId}`))
    const months = await Promise.all(
      buckets.map(async ({ timeBucket }) =>
        TimeBucketAssetResponseDto.parse(
          await get(`/timeline/bucket?timeBucket=${timeBucket}&personId=${personId}`),
        ),
      ),
    )
    return months.flatMap(({ id }) => id)
  }
  return { send, get, configure, upload, listPeople, photosOf, activeModel, hasOpenJobs }
}

test.skipIf(!isThere)(
  'photographs uploaded over HTTP become people, who stay when the model changes while they are asked for',
  async () => {
    const { send, get, configure, upload, listPeople, photosOf, activeModel, hasOpenJobs } =
      await start()
    const expected = await readExpected()
    await configure({ modelName: MODEL, minFaces: 2 })
    const names = new Map<string, string>()
    for (const name of await readdir(PHOTOS)) names.set(await upload(name), name)
    const clusters = async () =>
      await Promise.all(
        (await listPeople()).map(async ({ id }) =>
          (await photosOf(id)).map((asset) => names.get(asset) ?? '').sort(),
        ),
      )
    const groups = [...expected.values()].sort()

    await until(async () => (await activeModel()) === MODEL, { timeoutMs: 120_000 })
    await until(
      async () => {
        const faces = await Promise.all([...names.keys()].map((id) => get(`/faces?id=${id}`)))
        return faces.flat().length >= groups.flat().length && !(await hasOpenJobs())
      },
      { timeoutMs: 120_000 },
    )
    expect((await clusters()).sort()).toEqual(groups)

    // Each gets the name that expected.json has for them.
    for (const { id } of await listPeople()) {
      const photos = (await photosOf(id)).map((asset) => names.get(asset) ?? '').sort()
      const [name] = [...expected].find(([, files]) => files.join() === photos.join()) ?? []
      await send('PUT', `/people/${id}`, { name })
    }
    const named = await listPeople()
    expect(named.map(({ name }) => name).sort()).toEqual([...expected.keys()].sort())
    for (const { id } of named) {
      await until(async () => (await send('GET', `/people/${id}/thumbnail`)).ok, {
        timeoutMs: 30_000,
      })
      const bytes = await (await send('GET', `/people/${id}/thumbnail`)).arrayBuffer()
      expect(await sharp(bytes).metadata()).toMatchObject({
        ...{ format: 'jpeg', width: 250, height: 250 },
      })
    }
    const both = [...names].find(([, name]) => name === 'two_people.jpg')?.[0]
    const faces = z.array(AssetFaceResponseDto).parse(await get(`/faces?id=${both}`))
    expect(faces.map(({ person }) => person?.name).sort()).toEqual([...expected.keys()].sort())

    const people = (await listPeople()).map(({ id, name }) => ({ id, name }))
    const answers: string[] = []
    let isAsking = true
    const asking = (async () => {
      while (isAsking) {
        const found = (await listPeople()).map(({ id, name }) => ({ id, name }))
        answers.push(JSON.stringify([found, (await clusters()).sort()]))
      }
    })()
    await configure({ modelName: 'next-faces', minFaces: 2 })
    await until(async () => (await activeModel()) === 'next-faces', { timeoutMs: 120_000 })
    await until(async () => !(await hasOpenJobs()), { timeoutMs: 60_000 })
    isAsking = false
    await asking

    expect(new Set(answers)).toEqual(new Set([JSON.stringify([people, groups])]))
    expect((await clusters()).sort()).toEqual(groups)
  },
)
