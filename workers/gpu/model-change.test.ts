import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, expect, test, vi } from 'vitest'
import type { AssetId, FaceId, PersonId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { assetFaces, people } from '#db/schema/tables.ts'
import { colourPicture, facePicture, makeTinyClip, makeTinyFaces } from '#test/helpers/tiny-onnx.ts'
import { setupGpu, untilSeen } from './gpu.suite.ts'
import { startStandInHub } from './models/stand-in-hub.suite.ts'

// Models are loaded and processes started, beside whatever else the machine does.
vi.setConfig({ testTimeout: 300_000 })

const gpu = await setupGpu()
const { db, modelsFolder, addPicture, configure, isDone, listVectors, listFaces, spaceOf } = gpu
const folder = modelsFolder
const use = (clip: string, faces: string) =>
  configure({ clip: { modelName: clip }, facialRecognition: { modelName: faces } })

await use('first-clip', 'first-faces')
const worker = await gpu.startWorker()
afterAll(worker.stop)

const stateOf = async (name: string) =>
  (await worker.ask('/models')).body.models.find((model: { name: string }) => model.name === name)
const isActive = (kind: 'clip' | 'face', model: string) =>
  untilSeen(async () => (await spaceOf(kind))?.model === model)

const reds: AssetId[] = []

test('without models jobs wait and say why; they go on when the models appear', async () => {
  const owner = await gpu.seedUser()
  const asset = await addPicture(owner, await colourPicture('#ff0000'))
  await untilSeen(async () => (await stateOf('first-clip')) !== undefined)

  const asked = await worker.ask('/embed-text', { text: 'red', model: 'first-clip' })
  const before = await stateOf('first-clip')
  const waiting = await gpu.openJobsOf(asset)

  expect(asked.status).toBe(503)
  expect(before).toMatchObject({ state: 'absent', reason: expect.stringContaining('MODELS_DIR') })
  expect(waiting.map(({ failedAt }) => failedAt)).toEqual([null, null])
  expect((await worker.ask('/health')).status).toBe(200)

  await makeTinyClip({ folder, name: 'first-clip', dimension: 16 })
  await makeTinyFaces({ folder, name: 'first-faces', dimension: 8 })
  await isDone(asset)
  reds.push(asset)

  expect(await listVectors('clip')).toEqual([asset])
  expect(await stateOf('first-clip')).toMatchObject({ state: 'loaded', reason: null })
})

test('another model takes over when it has seen every picture, and questions are answered all the while', async () => {
  const owner = await gpu.seedUser()
  const colours = ['#ff0000', '#00ff00', '#0000ff', '#ffff00', '#00ffff', '#ff00ff']
  const others: AssetId[] = []
  for (let index = 0; index < 36; index += 1) {
    const colour = colours[index % colours.length] ?? '#ff0000'
    const asset = await addPicture(owner, await colourPicture(colour))
    if (colour === '#ff0000') reds.push(asset)
    else others.push(asset)
  }
  await isDone(...reds, ...others)
  await makeTinyClip({ folder, name: 'second-clip', dimension: 32, kind: 'siglip' })
  const answers: { model: string; isRight: boolean }[] = []
  let isAsking = true
  /** As the edge does: the active space says which model to ask. */
  async function ask() {
    while (isAsking) {
      const model = (await spaceOf('clip'))?.model ?? ''
      const { status, body } = await worker.ask('/embed-text', { text: 'red', model })
      const nearest = status === 200 ? await gpu.findNearest(body.embedding, model) : []
      const first = nearest.slice(0, reds.length)
      answers.push({ model, isRight: first.length > 0 && first.every((id) => reds.includes(id)) })
    }
  }

  const asking = ask()
  await use('second-clip', 'first-faces')
  const late = await addPicture(owner, await colourPicture('#00ff00'))
  await isActive('clip', 'second-clip')
  await untilSeen(() => answers.at(-1)?.model === 'second-clip')
  isAsking = false
  await asking

  expect(answers.filter(({ isRight }) => !isRight)).toEqual([])
  expect(new Set(answers.map(({ model }) => model))).toEqual(new Set(['first-clip', 'second-clip']))
  expect(await listVectors('clip')).toEqual(expect.arrayContaining([...reds, ...others, late]))
  expect((await spaceOf('clip', 'first-clip'))?.state).toBe('retired')
  expect((await spaceOf('clip'))?.dimension).toBe(32)
})

test('faces keep their ids, their people and what was said of them when the model changes', async () => {
  const owner = await gpu.seedUser()
  const picture = await facePicture([
    { colour: '#ff0000', x: 128, y: 128 },
    { colour: '#00ff00', x: 384, y: 384 },
  ])
  const asset = await addPicture(owner, picture)
  await isDone(asset)
  const before = await listFaces(asset)
  const personId = newId<PersonId>()
  await db.insert(people).values({ id: personId, ownerId: owner, name: 'Ada' })
  const said = before[0]?.id ?? newId<FaceId>()
  await db.update(assetFaces).set({ personId, isHandAssigned: true }).where(eq(assetFaces.id, said))

  await makeTinyFaces({ folder, name: 'second-faces', dimension: 12 })
  await use('second-clip', 'second-faces')
  await isActive('face', 'second-faces')

  const after = await listFaces(asset)
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id))
  expect(after.find(({ id }) => id === said)).toMatchObject({ personId, isHandAssigned: true })
  expect(await listVectors('face')).toEqual(expect.arrayContaining(before.map(({ id }) => id)))
  expect((await spaceOf('face'))?.dimension).toBe(12)
})

test('a model that cannot be used says so, keeps the one in use, and is used once it is whole', async () => {
  const owner = await gpu.seedUser()
  await makeTinyClip({ folder, name: 'third-clip', dimension: 16 })
  const file = join(folder, 'third-clip', 'visual', 'model.onnx')
  await writeFile(file, 'torn')

  await use('third-clip', 'second-faces')
  const asset = await addPicture(owner, await colourPicture('#0000ff'))
  await isDone(asset)
  await untilSeen(async () => (await stateOf('third-clip'))?.state === 'failed')

  expect((await spaceOf('clip'))?.model).toBe('second-clip')
  expect(await listVectors('clip')).toContain(asset)
  expect((await gpu.listRuns(asset)).filter(({ failureReason }) => failureReason)).toEqual([])

  await rm(join(folder, 'third-clip'), { recursive: true })
  await makeTinyClip({ folder, name: 'third-clip', dimension: 16 })
  await isActive('clip', 'third-clip')
  expect(await listVectors('clip')).toContain(asset)
})

test('another model under the name of one in use is not mixed with it', async () => {
  const owner = await gpu.seedUser()
  await rm(join(folder, 'third-clip'), { recursive: true })
  await makeTinyClip({ folder, name: 'third-clip', dimension: 24 })
  const isOther = (model?: { reason: string | null }) =>
    model?.reason?.includes('24 dimensions') ?? false
  await untilSeen(async () => isOther(await stateOf('third-clip')))
  const later = await gpu.startWorker()
  const asset = await addPicture(owner, await colourPicture('#ff0000'))

  await untilSeen(async () => isOther((await later.ask('/models')).body.models[0]))

  expect(await stateOf('third-clip')).toMatchObject({ state: 'failed' })
  expect(await stateOf('third-clip')).toSatisfy(isOther)
  expect((await gpu.openJobsOf(asset)).map(({ name }) => name)).toContain('embed-image')
  await later.stop()
  await rm(join(folder, 'third-clip'), { recursive: true })
  await makeTinyClip({ folder, name: 'third-clip', dimension: 16 })
  await isDone(asset)
})

test('a model is fetched when somebody has agreed to it, and pictures wait for it', async () => {
  const owner = await gpu.seedUser()
  const made = await makeTinyClip({
    folder: join(gpu.folder, 'hub'),
    name: 'fetched-clip',
    dimension: 8,
  })
  const hub = await startStandInHub({ 'fetched-clip': await readFolder(made) })
  const fetching = await gpu.startWorker({ hubUrl: hub.url })
  const describe = async () =>
    (await fetching.ask('/models')).body.models.find(
      (model: { name: string }) => model.name === 'fetched-clip',
    )

  const wanted = {
    clip: { modelName: 'fetched-clip' },
    facialRecognition: { modelName: 'second-faces' },
  }
  await configure(wanted)
  await untilSeen(async () => (await describe())?.state === 'needs-acceptance')
  const before = await describe()
  const asked = hub.requests.filter((request) => request.startsWith('files'))
  await configure({ ...wanted, acceptedModels: ['fetched-clip'] })
  await isActive('clip', 'fetched-clip')
  const asset = await addPicture(owner, await colourPicture('#ff0000'))
  await isDone(asset)

  expect(before).toMatchObject({
    reason: expect.stringContaining('agreed'),
    sizeBytes: expect.any(Number),
    licence: expect.any(String),
  })
  expect(asked).toEqual([])
  expect(await listVectors('clip', 'fetched-clip')).toContain(asset)
  await fetching.stop()
  await hub.close()
})

async function readFolder(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  const files = await Promise.all(
    paths.map(
      async (path): Promise<[string, Buffer]> => [path, await readFile(join(folder, path))],
    ),
  )
  return Object.fromEntries(files)
}
