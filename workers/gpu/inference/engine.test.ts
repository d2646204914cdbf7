import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  colourPicture,
  facePicture,
  makeTinyClip,
  makeTinyFaces,
  TINY_FACE_PX,
} from '#test/helpers/tiny-onnx.ts'
import { overlap } from './detected-faces.ts'
import { createEngine, type EngineOptions } from './engine.ts'
import { ModelAbsentError, ModelLoadError, ModelRunError, PictureError } from './engine-errors.ts'

let folder: string
const { signal } = new AbortController()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-engine-'))
  await Promise.all([
    makeTinyClip({ folder, name: 'clip', dimension: 16 }),
    makeTinyClip({ folder, name: 'clip-wide', dimension: 48 }),
    makeTinyClip({ folder, name: 'clip-single', dimension: 16, isBatchFixed: true }),
    makeTinyClip({ folder, name: 'siglip', dimension: 16, kind: 'siglip' }),
    makeTinyClip({ folder, name: 'nllb-tiny', dimension: 16, kind: 'multilingual' }),
    makeTinyFaces({ folder, name: 'faces', dimension: 16 }),
    makeTinyFaces({ folder, name: 'faces-single', dimension: 8, isBatchFixed: true }),
    makeTinyFaces({ folder, name: 'faces-old', dimension: 16, startsWithSubMul: true }),
  ])
})
afterAll(() => rm(folder, { recursive: true }))

type Told = { message: string; provider?: string; reason?: string }

function start(options: Partial<EngineOptions> = {}) {
  const told: Told[] = []
  const tell = (fields: object, message: string) => void told.push({ ...fields, message })
  // Only what the engine calls of a logger.
  const log = { info: tell, warn: tell, error: tell } as unknown as EngineOptions['log']
  const engine = createEngine({
    modelFolder: async (name) => join(folder, name),
    concurrency: 1,
    log,
    ...options,
  })
  onTestFinished(() => engine.close())
  return { engine, told }
}

const cosine = (a: Float32Array | Error | undefined, b: Float32Array | Error | undefined) => {
  if (!(a instanceof Float32Array && b instanceof Float32Array)) return Number.NaN
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
}

const nearest = (query: Float32Array | undefined, candidates: (Float32Array | Error)[]) => {
  const scores = candidates.map((candidate) => cosine(query, candidate))
  return scores.indexOf(Math.max(...scores))
}

describe('words and pictures', () => {
  test.each(['clip', 'clip-wide', 'clip-single', 'siglip', 'nllb-tiny'])(
    'meet in the space of %s',
    async (model) => {
      const { engine } = start()
      const colours = ['red', 'green', 'blue', 'yellow']
      const pictures = await Promise.all(colours.map((colour) => colourPicture(colour)))

      const images = await engine.embedImages(model, pictures, { signal })
      const texts = await engine.embedTexts(model, colours, { signal })

      expect(texts.map((text) => nearest(text, images))).toEqual([0, 1, 2, 3])
      for (const vector of [...images, ...texts]) expect(cosine(vector, vector)).toBeCloseTo(1, 5)
    },
  )

  test('have the length that the model has, which is known before it is loaded', async () => {
    const { engine } = start()

    const [vector] = await engine.embedTexts('clip-wide', ['red'], { signal })

    expect(vector).toHaveLength(48)
    expect(await engine.dimensionOf('clip', 'clip-wide')).toBe(48)
    expect(await engine.dimensionOf('face', 'faces-single')).toBe(8)
  })

  test('in another language begin with it, where the model wants that', async () => {
    const { engine } = start()
    const embed = async (language?: string) =>
      (await engine.embedTexts('nllb-tiny', ['rouge'], { language, signal }))[0]

    const [french, english, none] = [await embed('fr-CA'), await embed('en'), await embed()]

    expect(cosine(french, none)).toBeLessThan(0.999)
    expect(cosine(english, none)).toBeCloseTo(1, 5)
  })
})

describe('a picture that cannot be read', () => {
  test('gives an error in its place and spoils no other', async () => {
    const { engine } = start()
    const [red, blue] = [await colourPicture('red'), await colourPicture('blue')]
    const broken = [Buffer.alloc(0), Buffer.from('no picture'), red.subarray(0, 200)]

    const images = await engine.embedImages('clip', [red, ...broken, blue], { signal })
    const faces = await engine.findFaces('faces', [...broken, red], { signal, minScore: 0.7 })

    expect(images.map((image) => image instanceof PictureError)).toEqual([
      ...[false, true, true, true, false],
    ])
    expect(faces.map((found) => found instanceof PictureError)).toEqual([true, true, true, false])
  })
})

describe('faces', () => {
  test.each(['faces', 'faces-single', 'faces-old'])(
    'are found by %s where they are, and told apart',
    async (model) => {
      const { engine } = start()
      const pictures = [
        await facePicture([
          { colour: '#ff0000', x: 64, y: 64 },
          { colour: '#0000ff', x: 320, y: 333 },
        ]),
        await facePicture([{ colour: '#ee1010', x: 250, y: 100 }]),
        await facePicture([]),
      ]

      const [two, one, none] = await engine.findFaces(model, pictures, { signal, minScore: 0.7 })

      if (!two || !one || !none || two instanceof Error || one instanceof Error)
        throw new Error('the pictures can be read')
      expect(none).toEqual({ width: 640, height: 640, faces: [] })
      const [red, blue] = two.faces.sort((a, b) => a.box.x1 - b.box.x1)
      const [same] = one.faces
      expect([two.faces.length, one.faces.length]).toEqual([2, 1])
      const square = { x1: 320, y1: 333, x2: 320 + TINY_FACE_PX, y2: 333 + TINY_FACE_PX }
      expect(overlap(blue?.box ?? square, square)).toBeGreaterThan(0.85)
      expect(cosine(red?.embedding, same?.embedding)).toBeGreaterThan(0.95)
      expect(cosine(red?.embedding, blue?.embedding)).toBeLessThan(0.2)
    },
  )

  test('are in pixels of the picture, whatever its size and shape', async () => {
    const { engine } = start()
    const square = await facePicture([{ colour: 'red', x: 200, y: 96 }])
    const large = await sharp(square)
      .resize(1600, 1600)
      .extract({ left: 0, top: 0, width: 1600, height: 800 })
      .jpeg()
      .toBuffer()

    const [found] = await engine.findFaces('faces', [large], { signal, minScore: 0.7 })

    if (!found || found instanceof Error) throw new Error('the picture can be read')
    expect([found.width, found.height]).toEqual([1600, 800])
    const expected = { x1: 500, y1: 240, x2: 500 + 320, y2: 240 + 320 }
    expect(found.faces).toHaveLength(1)
    expect(overlap(found.faces[0]?.box ?? expected, expected)).toBeGreaterThan(0.85)
    const [eye] = found.faces[0]?.landmarks ?? []
    expect(eye?.[0]).toBeCloseTo(500 + (38.3 / 112) * 320, -1.3)
  })

  test('below the score that is asked for are left out', async () => {
    const { engine } = start()
    const picture = await facePicture([{ colour: '#c04040', x: 64, y: 64 }])

    const [all] = await engine.findFaces('faces', [picture], { signal, minScore: 0.3 })
    const [sure] = await engine.findFaces('faces', [picture], { signal, minScore: 0.99 })

    expect([all, sure]).toEqual([
      expect.objectContaining({ faces: [expect.anything()] }),
      expect.objectContaining({ faces: [] }),
    ])
  })
})

describe('a model', () => {
  test('that is not here is told from one that cannot be used', async () => {
    const broken = join(folder, 'broken')
    await makeTinyClip({ folder, name: 'broken', dimension: 16 })
    await writeFile(join(broken, 'visual/model.onnx'), 'no model')
    const { engine } = start({
      modelFolder: async (name) => (name === 'absent' ? undefined : join(folder, name)),
    })
    const picture = await colourPicture('red')
    const embed = (model: string) => engine.embedImages(model, [picture], { signal })

    await expect(embed('absent')).rejects.toThrow(ModelAbsentError)
    await expect(embed('empty')).rejects.toThrow(ModelAbsentError)
    await expect(embed('broken')).rejects.toThrow(ModelLoadError)
    await expect(embed('broken')).rejects.toThrow(ModelLoadError)
    await expect(engine.dimensionOf('face', 'absent')).rejects.toThrow(ModelAbsentError)
    expect(await embed('clip')).toHaveLength(1)
  })

  test('that was not here is looked for again', async () => {
    let isHere = false
    const { engine } = start({
      modelFolder: async (name) => (isHere ? join(folder, name) : undefined),
    })
    const embed = () => engine.embedTexts('clip', ['red'], { signal })

    await expect(embed()).rejects.toThrow(ModelAbsentError)
    isHere = true

    expect(await embed()).toHaveLength(1)
  })

  test('that nobody uses is unloaded, and loaded when it is needed', async () => {
    const { engine } = start({ idleMs: 50 })

    await engine.embedTexts('clip', ['red'], { signal })
    const while_ = engine.loaded()
    await expect.poll(() => engine.loaded(), { timeout: 10_000 }).toEqual([])
    const again = await engine.embedTexts('clip', ['red'], { signal })

    expect(while_).toEqual([{ name: 'clip', task: 'texts', threads: 1, provider: 'cpu' }])
    expect(again).toHaveLength(1)
  })

  test('runs beside another one', async () => {
    const { engine } = start()
    const picture = await colourPicture('red')

    const [narrow, wide] = await Promise.all(
      ['clip', 'clip-wide'].map((model) =>
        engine.embedImages(model, [picture, picture], { signal }),
      ),
    )

    expect([narrow?.[0], wide?.[0]]).toEqual([
      expect.objectContaining({ length: 16 }),
      expect.objectContaining({ length: 48 }),
    ])
  })

  test('runs on the CPU where no other provider works, and tells why once', async () => {
    const { engine, told } = start({ providers: ['nonsense', 'cpu'] })

    const before = engine.provider()
    const tried = await engine.tryProviders()
    await engine.embedTexts('clip', ['red'], { signal })
    await engine.embedImages('clip', [await colourPicture('red')], { signal })

    expect([before, tried, engine.provider()]).toEqual(['untried', 'cpu', 'cpu'])
    expect(told.filter(({ provider }) => provider === 'nonsense')).toHaveLength(1)
  })
})

describe('work', () => {
  test('of many callers is done together, and each gets its own', async () => {
    const { engine } = start({ concurrency: 2 })
    const colours = ['red', 'green', 'blue', 'white', 'black']
    const jobs = Array.from({ length: 60 }, (_, index) => colours[index % colours.length] ?? '')
    const pictures = new Map(
      await Promise.all(
        colours.map(async (colour) => [colour, await colourPicture(colour)] as const),
      ),
    )

    const images = await Promise.all(
      jobs.map((colour) =>
        engine.embedImages('clip', [pictures.get(colour) ?? Buffer.alloc(0)], { signal }),
      ),
    )

    const texts = await engine.embedTexts('clip', colours, { signal })
    expect(images.map(([image]) => nearest(image as Float32Array, texts))).toEqual(
      jobs.map((colour) => colours.indexOf(colour)),
    )
  })

  test('that is aborted stops waiting, and leaves the work of others alone', async () => {
    const { engine } = start()
    const aborting = new AbortController()
    const pictures = new Array<Buffer>(40).fill(await colourPicture('red'))

    const aborted = engine.embedImages('clip', pictures, { signal: aborting.signal })
    const other = engine.embedImages('clip', pictures.slice(0, 3), { signal })
    aborting.abort(new Error('shutting down'))

    await expect(aborted).rejects.toThrow('shutting down')
    expect(await other).toHaveLength(3)
    const late = engine.embedImages('clip', pictures, { signal: aborting.signal })
    await expect(late).rejects.toThrow('shutting down')
  })

  test('fails clearly when its thread dies, and goes on with another thread', async () => {
    const own = await mkdtemp(join(tmpdir(), 'tintype-thread-'))
    onTestFinished(() => rm(own, { recursive: true }))
    const threadFile = join(own, 'thread.mjs')
    await writeFile(threadFile, DYING_THREAD)
    const { engine } = start({ threadFile: new URL(`file://${threadFile}`) })
    const embed = (text: string) => engine.embedTexts('clip', [text], { signal })

    const first = await embed('fine')
    const dying = Promise.allSettled([embed('die'), embed('too late')])
    const [died] = await dying
    const after = await embed('fine again')

    expect(died).toEqual({ status: 'rejected', reason: expect.any(ModelRunError) })
    expect(String(died?.status === 'rejected' && died.reason)).toContain('clip (texts)')
    expect([first, after]).toEqual([[expect.any(Float32Array)], [expect.any(Float32Array)]])
  })

  test('that is too much at once is tried in halves, so that only what fails alone fails', async () => {
    const own = await mkdtemp(join(tmpdir(), 'tintype-thread-'))
    onTestFinished(() => rm(own, { recursive: true }))
    const threadFile = join(own, 'thread.mjs')
    await writeFile(threadFile, DYING_THREAD)
    const { engine } = start({ threadFile: new URL(`file://${threadFile}`) })
    const embed = (text: string) => engine.embedTexts('clip', [text], { signal })
    await embed('loads the thread')

    const results = await Promise.allSettled(['a', 'b', 'fail', 'c', 'd'].map(embed))

    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    ])
  })

  test('ends when the engine is closed', async () => {
    const { engine } = start()
    // More than are done before anybody looks.
    const pictures = new Array<Buffer>(3000).fill(await colourPicture('red'))

    const working = Promise.allSettled([engine.embedImages('clip', pictures, { signal })])
    await expect.poll(() => engine.loaded().length, { timeout: 10_000 }).toBe(1)
    await engine.close()

    expect((await working)[0]?.status).toBe('rejected')
    expect(engine.loaded()).toEqual([])
    await expect(engine.embedImages('clip', pictures, { signal })).rejects.toThrow('closed')
  })
})

/** Speaks as thread.ts does. */
const DYING_THREAD = `
import { parentPort } from 'node:worker_threads'
parentPort.postMessage({ type: 'loaded', provider: 'cpu', refusals: [] })
parentPort.on('message', (message) => {
  if (message === 'end') return parentPort.close()
  const { id, batch } = message
  if (batch.texts.some(({ text }) => text === 'die')) process.exit(7)
  if (batch.texts.some(({ text }) => text === 'fail'))
    return parentPort.postMessage({ type: 'failed', id, reason: 'out of memory' })
  parentPort.postMessage({ type: 'done', id, results: batch.texts.map(() => Float32Array.of(1)) })
})
`
