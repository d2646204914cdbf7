import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { repositoryFolder } from '#stack/paths.ts'
import { facePicture, makeTinyClip, makeTinyFaces } from '#test/helpers/tiny-onnx.ts'
import { loadImageModel } from '../workers/gpu/inference/embed-images.ts'
import { createEngine, type Engine } from '../workers/gpu/inference/engine.ts'
import { loadFaceModel } from '../workers/gpu/inference/find-faces.ts'
import { prepareForClip, prepareForFaces } from '../workers/gpu/inference/prepare-picture.ts'
import { readPreprocessing } from '../workers/gpu/inference/preprocessing.ts'
import { cpuSeconds } from './bare-sharp.ts'
import { median, reportLine, reportTarget } from './report.ts'

const ROUNDS = 3
const TARGET = 0.9
/** Of a preview. */
const SHORTER_SIDE_PX = 1440
const CPU = ['cpu']
/** What the engine computes at once on a CPU. */
const [CLIP_BATCH, FACE_BATCH] = [8, 2]
const [CLIP_PICTURES, FACE_PICTURES] = [48, 24]
const MIN_SCORE = 0.7
const { signal } = new AbortController()

type Models = { folder: string; clip: string; face: string }
type Way = { name: string; compute: () => Promise<unknown> }
type Rate = { perSecond: number; perCpuSecond: number }

/** Pictures per second: the engine's against the same functions called one after the other, and the bare sessions. */
export async function benchEmbeddings() {
  const root = await mkdtemp(join(tmpdir(), 'tintype-bench-'))
  const models = await chooseModels(root)
  const pictures = await makePreviews(models)
  const ignore = () => undefined
  const engine = createEngine({
    modelFolder: async (name) => join(models.folder, name),
    concurrency: 1,
    providers: CPU,
    // A bench tells nothing but its figures.
    log: { info: ignore, warn: ignore, error: ignore } as never,
  })
  const take = (count: number) =>
    Array.from(
      { length: count },
      (_, index) => pictures[index % pictures.length] ?? Buffer.alloc(0),
    )

  const clip = await clipWays(engine, models, take(CLIP_PICTURES))
  await compare('CLIP', { ways: clip, count: CLIP_PICTURES })
  const faces = await faceWays(engine, models, take(FACE_PICTURES))
  await compare('faces', { ways: faces, count: FACE_PICTURES })
  await engine.close()
  await rm(root, { recursive: true })
}

async function chooseModels(root: string): Promise<Models> {
  const shared = join(repositoryFolder, '../shared/models')
  const models = { folder: shared, clip: 'ViT-B-32__standin', face: 'buffalo_standin' }
  if (existsSync(join(shared, models.clip)) && existsSync(join(shared, models.face))) {
    console.log('  small models that learned from pictures, of ../shared/models; one thread each')
    return models
  }
  await makeTinyClip({ folder: root, name: 'clip', dimension: 512 })
  await makeTinyFaces({ folder: root, name: 'faces', dimension: 512 })
  console.log('  made models of a few kilobytes, since ../shared/models is absent; one thread each')
  return { folder: root, clip: 'clip', face: 'faces' }
}

/** JPEGs in the size of previews, with faces that the models find. */
async function makePreviews({ clip }: Models): Promise<Buffer[]> {
  const faces = join(repositoryFolder, '../shared/media/faces')
  const isMade = clip === 'clip' || !existsSync(faces)
  const sources = isMade
    ? [await facePicture([{ colour: 'red', x: 64, y: 64 }]), await facePicture([])]
    : await Promise.all(
        (await readdir(faces))
          .filter((name) => name.endsWith('.jpg'))
          .map((name) => readFile(join(faces, name))),
      )
  const size = { width: SHORTER_SIDE_PX, height: SHORTER_SIDE_PX, fit: 'outside' as const }
  return await Promise.all(
    sources.map((bytes) => sharp(bytes).resize(size).jpeg({ quality: 80 }).toBuffer()),
  )
}

async function clipWays(engine: Engine, models: Models, pictures: Buffer[]): Promise<Way[]> {
  const folder = join(models.folder, models.clip)
  const preprocessing = await readPreprocessing(folder)
  const model = await loadImageModel({ folder, providers: CPU })
  const { width, height } = preprocessing
  const runBatch = (prepared: Float32Array[]) => {
    const values = new Float32Array(prepared.length * 3 * width * height)
    for (const [index, each] of prepared.entries()) values.set(each, index * 3 * width * height)
    return model.run({ values, count: prepared.length, width, height })
  }
  const ready = await Promise.all(
    pictures.slice(0, CLIP_BATCH).map((bytes) => prepareForClip(bytes, preprocessing)),
  )
  return [
    { name: 'tintype', compute: () => engine.embedImages(models.clip, pictures, { signal }) },
    {
      name: 'a plain loop',
      compute: () =>
        forEachBatch(pictures, CLIP_BATCH, async (batch) => {
          const prepared: Float32Array[] = []
          for (const bytes of batch) prepared.push(await prepareForClip(bytes, preprocessing))
          await runBatch(prepared)
        }),
    },
    {
      name: 'the bare session',
      compute: () => forEachBatch(pictures, CLIP_BATCH, () => runBatch(ready)),
    },
  ]
}

async function faceWays(engine: Engine, models: Models, pictures: Buffer[]): Promise<Way[]> {
  const model = await loadFaceModel({ folder: join(models.folder, models.face), providers: CPU })
  const prepare = async (bytes: Buffer) => ({
    ...(await prepareForFaces(bytes)),
    minScore: MIN_SCORE,
  })
  type Prepared = Awaited<ReturnType<typeof prepare>>
  let ready: Prepared[] = []
  return [
    {
      name: 'tintype',
      compute: () => engine.findFaces(models.face, pictures, { signal, minScore: MIN_SCORE }),
    },
    {
      name: 'a plain loop',
      compute: async () => {
        ready = []
        await forEachBatch(pictures, FACE_BATCH, async (batch) => {
          const prepared: Prepared[] = []
          for (const bytes of batch) prepared.push(await prepare(bytes))
          ready.push(...prepared)
          await model.run({ pictures: prepared })
        })
      },
    },
    {
      name: 'the bare sessions',
      compute: () => forEachBatch(ready, FACE_BATCH, (batch) => model.run({ pictures: batch })),
    },
  ]
}

async function forEachBatch<Each>(
  all: Each[],
  size: number,
  compute: (batch: Each[]) => Promise<unknown>,
) {
  for (let first = 0; first < all.length; first += size)
    await compute(all.slice(first, first + size))
}

async function compare(what: string, { ways, count }: { ways: Way[]; count: number }) {
  const rates = new Map<string, Rate[]>(ways.map(({ name }) => [name, []]))
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { name, compute } of ways) {
      const [startedAt, cpu] = [performance.now(), cpuSeconds()]
      await compute()
      const seconds = (performance.now() - startedAt) / 1000
      const perCpuSecond = count / (cpuSeconds() - cpu)
      // The first round loads and warms up.
      if (round > 0) rates.get(name)?.push({ perSecond: count / seconds, perCpuSecond })
    }
  }
  const figures = [...rates].map(([name, all]) => ({
    name,
    perSecond: median(all.map((rate) => rate.perSecond)),
    perCpuSecond: median(all.map((rate) => rate.perCpuSecond)),
  }))
  for (const { name, perSecond, perCpuSecond } of figures) {
    const verdict = `${perCpuSecond.toFixed(1)} per CPU second`
    reportLine(`${what}: pictures per second, ${name}`, perSecond.toFixed(1), verdict)
  }
  const [own, loop, bare] = figures
  if (!own || !loop || !bare) return
  reportTarget(`${what}: tintype / ${loop.name}`, own.perSecond / loop.perSecond, {
    atLeast: TARGET,
  })
  reportTarget(
    `${what}: tintype / ${loop.name}, per CPU second`,
    own.perCpuSecond / loop.perCpuSecond,
    { atLeast: TARGET },
  )
  reportLine(`${what}: tintype / ${bare.name}`, (own.perSecond / bare.perSecond).toFixed(3))
}
