import { existsSync } from 'node:fs'
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, expect, test, vi } from 'vitest'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { HAS_SAMPLES, SAMPLES } from '#workers/tools/test-media.suite.ts'
import { setupGpu, untilSeen } from './gpu.suite.ts'

const MODELS = new URL('../../../shared/models/', import.meta.url).pathname
const CLIP = 'ViT-B-32__standin'
const FACES = 'buffalo_standin'
const HAS_MODELS = [CLIP, FACES].every((name) => existsSync(join(MODELS, name)))
const CAN_RUN = HAS_MODELS && HAS_SAMPLES
if (!CAN_RUN)
  console.warn(
    `skipped: search by words and faces on photographs, ../shared has no ${HAS_MODELS ? 'media' : 'models'}`,
  )

vi.setConfig({ testTimeout: 300_000 })

const gpu = await setupGpu()
const { configure, addPicture, isDone, spaceOf } = gpu
const names = new Map<AssetId, string>()
let owner: UserId
let worker: Awaited<ReturnType<typeof gpu.startWorker>>

const use = (clip: string, faces: string) =>
  configure({ clip: { modelName: clip }, facialRecognition: { modelName: faces } })

async function addSamples(folder: string): Promise<void> {
  for (const name of await readdir(join(SAMPLES, folder))) {
    const bytes = await readFile(join(SAMPLES, folder, name))
    const preview = await sharp(bytes).autoOrient().jpeg({ quality: 80 }).toBuffer()
    names.set(await addPicture(owner, preview), name)
  }
}

beforeAll(async () => {
  if (!CAN_RUN) return
  for (const [from, to] of [
    [CLIP, CLIP],
    [CLIP, 'another-clip'],
    [FACES, FACES],
    [FACES, 'other-faces'],
  ] as const)
    await cp(join(MODELS, from), join(gpu.modelsFolder, to), { recursive: true })
  await use(CLIP, FACES)
  worker = await gpu.startWorker()
  owner = await gpu.seedUser()
  await addSamples('search')
  await addSamples('faces')
  await isDone(...names.keys())
  await untilPeopleSettle()
}, 300_000)

const untilPeopleSettle = () =>
  untilSeen(async () => (await gpu.listOpenJobs('recognize-faces')).length === 0)

async function findFirst(text: string): Promise<{ model: string; name: string | undefined }> {
  const model = (await spaceOf('clip'))?.model ?? ''
  const { status, body } = await worker.ask('/embed-text', { text, model })
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  const [first] = await gpu.findNearest(body.embedding, model)
  return { model, name: first && names.get(first) }
}

/** The photographs on which each person is, in the order of their names. */
async function listPeople(): Promise<string[][]> {
  const faces = (await Promise.all([...names.keys()].map(gpu.listFaces))).flat()
  const byPerson = Map.groupBy(faces, ({ personId }) => personId)
  byPerson.delete(null)
  return [...byPerson.values()]
    .map((group) => group.map(({ assetId }) => names.get(assetId) ?? '').sort())
    .sort()
}
async function listPersonIds() {
  const faces = (await Promise.all([...names.keys()].map(gpu.listFaces))).flat()
  return [...new Set(faces.map(({ personId }) => personId))].sort()
}

const EXPECTED = {
  'a dog': 'dog.jpg',
  cat: 'cat_brown.jpg',
  elephant: 'elephants.jpg',
  zebra: 'zebra_green_brown.jpg',
  clock: 'clock_purple.jpg',
  pineapple: 'pineapple_white.jpg',
  turtle: 'turtle_brown_blue.jpg',
  jellyfish: 'jellyfish_blue.jpg',
}
const TWO_PEOPLE = [
  ['biden_1.jpg', 'biden_2.jpg', 'two_people.jpg'],
  ['obama_1.jpg', 'obama_2.jpg', 'two_people.jpg'],
]

test.skipIf(!CAN_RUN).each(Object.entries(EXPECTED))('"%s" finds %s', async (text, name) => {
  expect((await findFirst(text)).name).toBe(name)
})

test.skipIf(!CAN_RUN)('faces are who they are', async () => {
  expect(await listPeople()).toEqual(TWO_PEOPLE)
})

test.skipIf(!CAN_RUN)(
  'all of it holds again after other models took over, and every question meanwhile was answered',
  async () => {
    const before = await listPersonIds()
    const answers: { text: string; model: string; name: string | undefined }[] = []
    let isAsking = true
    const asking = (async () => {
      while (isAsking)
        for (const text of Object.keys(EXPECTED)) answers.push({ text, ...(await findFirst(text)) })
    })()

    await use('another-clip', 'other-faces')
    await untilSeen(async () => (await spaceOf('clip'))?.model === 'another-clip')
    await untilSeen(async () => (await spaceOf('face'))?.model === 'other-faces')
    await untilPeopleSettle()
    await untilSeen(() => answers.at(-1)?.model === 'another-clip')
    isAsking = false
    await asking

    const expected = Object.entries(EXPECTED)
    expect(new Set(answers.map(({ model }) => model))).toEqual(new Set([CLIP, 'another-clip']))
    expect(
      answers.filter(({ text, name }) => !expected.some(([t, n]) => t === text && n === name)),
    ).toEqual([])
    expect(await listPeople()).toEqual(TWO_PEOPLE)
    expect(await listPersonIds()).toEqual(before)
  },
)
