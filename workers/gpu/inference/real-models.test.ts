// Small models that learned from real pictures lie beside the repository on some machines. They are no CLIP and no
// ArcFace, and stand behind the same files and tensors.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createEngine, type EngineOptions } from './engine.ts'
import { openTokenizer } from './tokenizer.ts'

// Whoever is first waits for the models to be loaded, and for all the pictures.
vi.setConfig({ testTimeout: 120_000 })

const shared = join(import.meta.dirname, '../../../../shared')
const models = join(shared, 'models')
const media = join(shared, 'media')
const isThere = existsSync(join(models, 'ViT-B-32__standin')) && existsSync(media)
if (!isThere)
  console.warn(`skipped: tests with models that know real pictures. There is no ${models}.`)

const ignore = () => undefined
const log = { info: ignore, warn: ignore, error: ignore } as unknown as EngineOptions['log']
const engine = createEngine({
  modelFolder: async (name) => join(models, name),
  concurrency: 1,
  log,
})
afterAll(() => engine.close())
const { signal } = new AbortController()

const cosine = (a: Float32Array | undefined, b: Float32Array | undefined) =>
  a?.reduce((sum, value, at) => sum + value * (b?.[at] ?? 0), 0) ?? Number.NaN

describe.skipIf(!isThere)('words find real pictures', () => {
  const names = isThere ? readdirSync(join(media, 'search')) : []
  const embedded = isThere
    ? engine.embedImages(
        'ViT-B-32__standin',
        names.map((name) => readFileSync(join(media, 'search', name))),
        { signal },
      )
    : Promise.resolve([])

  test.each([
    ['a dog', 'dog.jpg', 0.77],
    ['cat', 'cat_brown.jpg', 0.76],
    ['elephant', 'elephants.jpg', 0.88],
    ['zebra', 'zebra_green_brown.jpg', 0.97],
    ['a clock', 'clock_purple.jpg', 0.83],
    ['pineapple', 'pineapple_white.jpg', 0.82],
    ['turtle', 'turtle_brown_blue.jpg', 0.9],
    ['jellyfish', 'jellyfish_blue.jpg', 0.94],
    ['fruit', 'pineapple_white.jpg', 0.74],
  ])('%s: %s', async (words, expected, score) => {
    const images = await embedded
    const [query] = await engine.embedTexts('ViT-B-32__standin', [words], { signal })

    const ranked = images
      .map((image, index) => ({
        name: names[index],
        score: image instanceof Error ? Number.NaN : cosine(query, image),
      }))
      .sort((a, b) => b.score - a.score)

    expect(ranked[0]?.name).toBe(expected)
    expect(Math.abs((ranked[0]?.score ?? 0) - score)).toBeLessThan(0.1)
  })

  test("CLIP's own tokenizer gives CLIP's own ids", async () => {
    const name = 'ViT-B-32__standin'
    const { tokenize } = await openTokenizer({ folder: join(models, name), name, length: 77 })

    const known = tokenize('A photo of a dog').ids
    const long = tokenize('zebra '.repeat(200)).ids

    expect(known.slice(0, 8)).toEqual([49406, 320, 1125, 539, 320, 1929, 49407, 49407])
    expect([long.length, long[0], long.at(-1)]).toEqual([77, 49406, 49407])
    expect(long.slice(1, -1)).not.toContain(49407)
  })
})

describe.skipIf(!isThere)('real faces', () => {
  test('are found, and are nearer to the same person than to another', async () => {
    const names = ['biden_1', 'biden_2', 'obama_1', 'obama_2', 'two_people']
    const bytes = names.map((name) => readFileSync(join(media, 'faces', `${name}.jpg`)))

    const found = await engine.findFaces('buffalo_standin', bytes, { signal, minScore: 0.7 })

    const faces = found.map((picture) => (picture instanceof Error ? [] : picture.faces))
    expect(faces.map(({ length }) => length)).toEqual([1, 1, 1, 1, 2])
    const [biden1, biden2, obama1, obama2] = faces.map(([face]) => face?.embedding)
    const both = (faces[4] ?? []).map((face) => face.embedding)
    expect(cosine(obama1, obama2)).toBeGreaterThan(0.65)
    expect(cosine(biden1, biden2)).toBeGreaterThan(0.5)
    expect(Math.max(...both.map((face) => cosine(face, biden1)))).toBeGreaterThan(0.9)
    for (const biden of [biden1, biden2])
      for (const obama of [obama1, obama2]) expect(cosine(biden, obama)).toBeLessThan(0.22)
  })

  test('are not seen in landscapes', async () => {
    const bytes = ['beach_sand', 'zebra_green_brown', 'limes'].map((name) =>
      readFileSync(join(media, 'search', `${name}.jpg`)),
    )

    const found = await engine.findFaces('buffalo_standin', bytes, { signal, minScore: 0.7 })

    expect(found.map((picture) => (picture instanceof Error ? picture : picture.faces))).toEqual([
      ...[[], [], []],
    ])
  })
})
