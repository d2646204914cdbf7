import { eq } from 'drizzle-orm'
import sharp from 'sharp'
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { FaceId, PersonId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { assetFaces, assetModelRuns, people } from '#db/schema/tables.ts'
import { colourPicture, facePicture, makeTinyClip, makeTinyFaces } from '#test/helpers/tiny-onnx.ts'
import { setupGpu, untilSeen } from './gpu.suite.ts'

// Models are loaded and processes started, beside whatever else the machine does.
vi.setConfig({ testTimeout: 300_000 })

const gpu = await setupGpu()
const { db, addPicture, configure, isDone, listVectors, listFaces, listRuns } = gpu
let worker: Awaited<ReturnType<typeof gpu.startWorker>>

const WANTED = {
  clip: { modelName: 'tiny-clip' },
  facialRecognition: { modelName: 'tiny-faces' },
}

beforeAll(async () => {
  await makeTinyClip({ folder: gpu.modelsFolder, name: 'tiny-clip', dimension: 16 })
  await makeTinyFaces({ folder: gpu.modelsFolder, name: 'tiny-faces', dimension: 8 })
  await configure(WANTED)
  worker = await gpu.startWorker()
})
beforeEach(() => configure(WANTED))

const embedText = async (text: string, model = 'tiny-clip') => {
  const { status, body } = await worker.ask('/embed-text', { text, model })
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body as { model: string; dimension: number; embedding: number[] }
}

test('a picture is found by words, and its faces by their boxes', async () => {
  const owner = await gpu.seedUser()
  const red = await addPicture(owner, await colourPicture('#ff0000'))
  const blue = await addPicture(owner, await colourPicture('#0000ff'))
  const faces = await addPicture(
    owner,
    await facePicture([
      { colour: '#ff0000', x: 128, y: 128 },
      { colour: '#00ff00', x: 384, y: 384 },
    ]),
  )
  await isDone(red, blue, faces)

  const { dimension, embedding } = await embedText('red')
  const nearest = (await gpu.findNearest(embedding)).filter((id) => [red, blue].includes(id))
  const found = await listFaces(faces)

  expect(dimension).toBe(16)
  expect(nearest).toEqual([red, blue])
  expect(found).toHaveLength(2)
  expect(found.map((face) => face.boundingBoxX1).sort((a, b) => a - b)).toEqual([
    expect.closeTo(128, -1.5),
    expect.closeTo(384, -1.5),
  ])
  expect(found).toMatchObject([
    { imageWidth: 640, imageHeight: 640, sourceType: 'machine-learning', deletedAt: null },
    { imageWidth: 640, imageHeight: 640 },
  ])
  expect(await listVectors('face')).toEqual(expect.arrayContaining(found.map(({ id }) => id)))
  expect(await listRuns(red)).toHaveLength(2)
  expect(await listFaces(red)).toEqual([])
})

test('looking again changes nothing: faces keep their ids and people', async () => {
  const owner = await gpu.seedUser()
  const picture = await facePicture([{ colour: '#ff0000', x: 128, y: 128 }])
  const asset = await addPicture(owner, picture)
  await isDone(asset)
  const [face] = await listFaces(asset)
  const personId = newId<PersonId>()
  await db.insert(people).values({ id: personId, ownerId: owner, name: 'Ada' })
  await db
    .update(assetFaces)
    .set({ personId })
    .where(eq(assetFaces.id, face?.id ?? newId<FaceId>()))

  await gpu.addJobs(asset)
  await isDone(asset)

  expect(await listFaces(asset)).toMatchObject([{ id: face?.id, personId }])
  expect((await listVectors('clip')).filter((id) => id === asset)).toHaveLength(1)
})

test('a face that a person took away stays away, and one that is gone goes unless it was assigned', async () => {
  const owner = await gpu.seedUser()
  const picture = await facePicture([
    { colour: '#ff0000', x: 128, y: 128 },
    { colour: '#00ff00', x: 384, y: 384 },
  ])
  const asset = await addPicture(owner, picture)
  await isDone(asset)
  const [kept, removed] = await listFaces(asset)
  const elsewhere = { boundingBoxX1: 500, boundingBoxY1: 20, boundingBoxX2: 600, boundingBoxY2: 90 }
  const box = { assetId: asset, imageWidth: 640, imageHeight: 640, ...elsewhere }
  const [assigned, drawn, vanished] = [newId<FaceId>(), newId<FaceId>(), newId<FaceId>()]
  await db.insert(assetFaces).values([
    { id: assigned, ...box, isHandAssigned: true },
    { id: drawn, ...box, sourceType: 'manual' as const },
    { id: vanished, ...box },
  ])
  await db
    .update(assetFaces)
    .set({ deletedAt: new Date() })
    .where(eq(assetFaces.id, removed?.id ?? newId<FaceId>()))

  await gpu.addJobs(asset)
  await isDone(asset)

  const now = await listFaces(asset)
  expect(now.map(({ id }) => id)).toEqual([kept?.id, removed?.id, assigned, drawn].sort())
  expect(now.find(({ id }) => id === removed?.id)?.deletedAt).not.toBeNull()
})

test('a preview that nobody can read fails alone, with its reason', async () => {
  const owner = await gpu.seedUser()
  const good = await colourPicture('#00ff00')
  const pictures = await Promise.all([
    ...Array.from({ length: 6 }, () => addPicture(owner, good)),
    addPicture(owner, Buffer.from('this is no picture')),
  ])
  const broken = pictures.pop()
  if (!broken) throw new Error('there is one')
  await isDone(...pictures)
  await untilSeen(async () => (await gpu.openJobsOf(broken)).every(({ failedAt }) => failedAt))

  const jobs = await gpu.openJobsOf(broken)
  expect(jobs.map(({ name }) => name).sort()).toEqual(['detect-faces', 'embed-image'])
  expect(jobs[0]?.lastError).toMatch(/preview cannot be read/)
  expect(await listRuns(broken)).toMatchObject([
    { failureReason: expect.any(String) },
    { failureReason: expect.any(String) },
  ])
  expect(await listVectors('clip')).toEqual(expect.arrayContaining(pictures))
})

test('what came while nobody looked is looked at later; what is nothing for models is not', async () => {
  const owner = await gpu.seedUser()
  const preview = await colourPicture('#ffff00')
  const hidden = await addPicture(owner, preview, { visibility: 'hidden' })
  const trashed = await addPicture(owner, preview, { status: 'trashed', trashedAt: new Date() })
  const late = await addPicture(owner, preview)
  await isDone(hidden, trashed, late)
  await db.delete(assetModelRuns).where(eq(assetModelRuns.assetId, late))
  await untilSeen(async () => (await listRuns(late)).length === 2)

  expect(await listRuns(hidden)).toEqual([])
  expect(await listRuns(trashed)).toHaveLength(2)
})

test('a text is embedded once, and every fault has its answer', async () => {
  const [first, again] = await Promise.all([embedText('blue'), embedText('blue')])
  const statuses = await Promise.all(
    [
      { text: '', model: 'tiny-clip' },
      { text: 'red', model: 'no-such-model' },
      { text: 'red', model: '../../etc' },
      { model: 'tiny-clip' },
    ].map(async (body) => (await worker.ask('/embed-text', body)).status),
  )

  expect(again.embedding).toEqual(first.embedding)
  expect(Math.hypot(...first.embedding)).toBeCloseTo(1, 4)
  expect(statuses).toEqual([400, 503, 503, 400])
})

test('models say what they are and where they stand', async () => {
  await embedText('green')

  expect((await worker.ask('/models')).body).toMatchObject({
    provider: 'cpu',
    models: [
      { kind: 'clip', name: 'tiny-clip', state: 'loaded', reason: null },
      { kind: 'face', name: 'tiny-faces', state: expect.stringMatching(/ready|loaded/) },
    ],
  })
  expect((await worker.ask('/health')).body).toMatchObject({ isHealthy: true, provider: 'cpu' })
})

test('jobs of a kind that is switched off wait, and go on when it is switched on', async () => {
  const owner = await gpu.seedUser()
  await configure({ ...WANTED, clip: { enabled: false, modelName: 'tiny-clip' } })
  const isOff = async () => (await worker.ask('/models')).body.models[0].state === 'disabled'
  await untilSeen(isOff)
  const asset = await addPicture(owner, await colourPicture('#ff00ff'))
  await untilSeen(async () => (await gpu.openJobsOf(asset)).length === 1)
  const { status, body } = await worker.ask('/embed-text', { text: 'red', model: 'tiny-clip' })

  const waiting = await gpu.openJobsOf(asset)
  expect(waiting).toMatchObject([{ name: 'embed-image', failedAt: null }])
  expect([status, body.message]).toEqual([503, 'It is switched off.'])

  await configure(WANTED)
  await isDone(asset)
  expect(await listVectors('clip')).toContain(asset)
})

test('a preview the size of a camera’s is one picture among others', async () => {
  const owner = await gpu.seedUser()
  const large = await sharp(await colourPicture('#0000ff', { width: 1440, height: 2560 }))
    .jpeg()
    .toBuffer()
  const asset = await addPicture(owner, large)

  await isDone(asset)

  expect(await listVectors('clip')).toContain(asset)
})
