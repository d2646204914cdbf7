import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { fetchModel } from './fetch-model.ts'
import { findKnownModel } from './known-models.ts'
import { createModelStore } from './model-store.ts'
import { type HubContent, startStandInHub } from './stand-in-hub.suite.ts'

const NAME = 'ViT-B-32__test'
const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-models-'))
  folders.push(folder)
  return folder
}

function clipFiles(): HubContent {
  return {
    'config.json': Buffer.from('{}'),
    'textual/model.onnx': randomBytes(200_000),
    'textual/tokenizer.json': Buffer.from('{"model":{}}'),
    'textual/tokenizer_config.json': Buffer.from('{}'),
    'visual/model.onnx': randomBytes(300_000),
    'visual/3b719d32-weights': randomBytes(5000),
    'visual/preprocess_cfg.json': Buffer.from('{"size":[224,224]}'),
  }
}

const NOT_NEEDED: HubContent = {
  'README.md': Buffer.from('# model'),
  '.gitattributes': Buffer.from('*'),
  'visual/model.armnn': randomBytes(100),
  'visual/rknpu/rk3588/model.rknn': randomBytes(100),
}

async function startHub(
  models: Record<string, HubContent>,
  behaviour?: Parameters<typeof startStandInHub>[1],
) {
  const hub = await startStandInHub(models, behaviour)
  onTestFinished(hub.close)
  return hub
}

const { signal } = new AbortController()
const ignore = () => undefined

async function writeModel(folder: string, files: HubContent) {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

describe('a model on this machine', () => {
  test('is found where somebody placed it before where it was fetched to', async () => {
    const [modelsDir, cacheFolder] = [await temporaryFolder(), await temporaryFolder()]
    await writeModel(join(cacheFolder, NAME), clipFiles())
    const store = createModelStore({ modelsDir, cacheFolder })

    const fetched = await store.find('clip', NAME)
    await writeModel(join(modelsDir, NAME), clipFiles())
    const placed = await store.find('clip', NAME)

    expect(fetched).toBe(join(cacheFolder, NAME))
    expect(placed).toBe(join(modelsDir, NAME))
  })

  test('is not there while a file is missing', async () => {
    const cacheFolder = await temporaryFolder()
    const { 'visual/model.onnx': _, ...rest } = clipFiles()
    await writeModel(join(cacheFolder, NAME), rest)

    expect(await createModelStore({ cacheFolder }).find('clip', NAME)).toBeUndefined()
  })

  test('is not there if git-lfs left notes in place of its files', async () => {
    const cacheFolder = await temporaryFolder()
    const pointer = Buffer.from(
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n',
    )
    await writeModel(join(cacheFolder, NAME), { ...clipFiles(), 'visual/model.onnx': pointer })

    expect(await createModelStore({ cacheFolder }).find('clip', NAME)).toBeUndefined()
  })

  test.each(['../secret', '.', '', 'a/b', '/etc'])('is not looked for as %j', async (name) => {
    const cacheFolder = await temporaryFolder()

    expect(await createModelStore({ cacheFolder }).find('clip', name)).toBeUndefined()
  })
})

describe('a model at the hub', () => {
  test('is fetched with what runs it and nothing else, and tells how far it is', async () => {
    const cacheFolder = await temporaryFolder()
    const files = clipFiles()
    const hub = await startHub({ [NAME]: { ...files, ...NOT_NEEDED } }, { pageSize: 4 })
    const store = createModelStore({ cacheFolder, hubUrl: hub.url })
    const progress: number[] = []

    await store.fetch('clip', NAME, {
      signal,
      onProgress: ({ doneBytes, totalBytes }) => progress.push(doneBytes / totalBytes),
    })

    const folder = await store.find('clip', NAME)
    const names = (await readdir(folder ?? '', { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice((folder ?? '').length + 1))
    expect(names.sort()).toEqual(Object.keys(files).sort())
    for (const [path, bytes] of Object.entries(files))
      expect(bytes.equals(await readFile(join(folder ?? '', path)))).toBe(true)
    expect(progress.at(-1)).toBe(1)
    expect([...progress].sort((a, b) => a - b)).toEqual(progress)
    expect(await readdir(cacheFolder)).toEqual([NAME])
  })

  test('says its size and licence before it is fetched, and one that is known without being asked', async () => {
    const files = clipFiles()
    const hub = await startHub({ [NAME]: files })
    const store = createModelStore({ cacheFolder: '/nowhere', hubUrl: hub.url })
    const sizeBytes = Object.values(files).reduce((sum, { length }) => sum + length, 0)

    const faces = await store.describe('face', 'buffalo_l')
    const unknown = await store.describe('clip', NAME)
    const missing = await store.describe('clip', 'nothing')

    expect(faces).toEqual({
      sizeBytes: 191_000_000,
      licence: expect.stringContaining('non-commercial'),
    })
    expect(unknown).toEqual({ sizeBytes, licence: expect.stringContaining('unknown') })
    expect(missing).toBeUndefined()
  })

  test('comes whole over a connection that is cut again and again, each byte once', async () => {
    const cacheFolder = await temporaryFolder()
    const files = clipFiles()
    const hub = await startHub({ [NAME]: files }, { cutAfter: 70_000 })

    await fetchModel({
      ...{ kind: 'clip', name: NAME, hubUrl: hub.url, cacheFolder },
      ...{ signal, retryMs: 1 },
      onProgress: ({ doneBytes }) => hub.cutOnceHere(doneBytes),
    })

    const total = Object.values(files).reduce((sum, { length }) => sum + length, 0)
    expect(await readFile(join(cacheFolder, NAME, 'visual/model.onnx'))).toEqual(
      files['visual/model.onnx'],
    )
    expect(hub.bytesSent.total).toBe(total)
    expect(hub.requests.filter((line) => line.includes('bytes=')).length).toBeGreaterThan(3)
  })

  test('goes on in a later process where it was aborted', async () => {
    const cacheFolder = await temporaryFolder()
    const files = clipFiles()
    const hub = await startHub({ [NAME]: files })
    const stopping = new AbortController()
    const common = { kind: 'clip' as const, name: NAME, hubUrl: hub.url, cacheFolder }

    const aborted = fetchModel({
      ...common,
      signal: stopping.signal,
      onProgress: ({ doneBytes }) => {
        if (doneBytes > 200_100) stopping.abort(new Error('shutting down'))
      },
    })
    await expect(aborted).rejects.toThrow('shutting down')
    const found = await createModelStore({ cacheFolder }).find('clip', NAME)
    await fetchModel({ ...common, signal, onProgress: ignore })

    expect(found).toBeUndefined()
    expect(await createModelStore({ cacheFolder }).find('clip', NAME)).toBeDefined()
    const again = hub.requests.filter((line) =>
      line.startsWith(`files /${NAME}/textual/model.onnx`),
    )
    expect(again).toHaveLength(1)
  })

  test('starts a file again if the hub gives no part of it', async () => {
    const cacheFolder = await temporaryFolder()
    const files = clipFiles()
    const hub = await startHub({ [NAME]: files }, { ignoresRange: true })
    const started = join(cacheFolder, `.fetching-${NAME}`)
    await writeModel(started, { 'visual/model.onnx': randomBytes(1000) })

    await createModelStore({ cacheFolder, hubUrl: hub.url }).fetch('clip', NAME, {
      signal,
      onProgress: ignore,
    })

    expect(await readFile(join(cacheFolder, NAME, 'visual/model.onnx'))).toEqual(
      files['visual/model.onnx'],
    )
  })

  test.each(['visual/model.onnx', 'textual/tokenizer.json'])(
    'is fetched once more if %s arrives damaged, and refused the second time',
    async (path) => {
      const cacheFolder = await temporaryFolder()
      const once = await startHub({ [NAME]: clipFiles() }, { damaged: { path, times: 1 } })
      const always = await startHub({ other: clipFiles() }, { damaged: { path, times: 9 } })
      const common = { kind: 'clip' as const, cacheFolder, signal, onProgress: ignore }

      await fetchModel({ ...common, name: NAME, hubUrl: once.url })
      const refused = fetchModel({ ...common, name: 'other', hubUrl: always.url })

      await expect(refused).rejects.toThrow(`${path} arrived damaged`)
      expect(await createModelStore({ cacheFolder }).find('clip', 'other')).toBeUndefined()
    },
  )

  test('is fetched once by two processes that want it at the same time', async () => {
    const cacheFolder = await temporaryFolder()
    const files = clipFiles()
    const hub = await startHub({ [NAME]: files })
    const [one, two] = [1, 2].map(() => createModelStore({ cacheFolder, hubUrl: hub.url }))
    const options = { signal, onProgress: ignore }

    await Promise.all([one?.fetch('clip', NAME, options), two?.fetch('clip', NAME, options)])

    const fetched = hub.requests.filter((line) => line.startsWith('files'))
    expect(fetched).toHaveLength(Object.keys(files).length)
  })

  test('that does not exist, or lacks a file, is told by name', async () => {
    const cacheFolder = await temporaryFolder()
    const { 'config.json': _, ...rest } = clipFiles()
    const hub = await startHub({ half: rest })
    const store = createModelStore({ cacheFolder, hubUrl: hub.url })
    const options = { signal, onProgress: ignore }

    await expect(store.fetch('clip', 'nothing', options)).rejects.toThrow(
      'the hub has no model nothing',
    )
    await expect(store.fetch('clip', 'half', options)).rejects.toThrow('half lacks config.json')
  })

  test('cannot write outside its folder', async () => {
    const cacheFolder = await temporaryFolder()
    const hub = await startHub({ [NAME]: { ...clipFiles(), '../../stolen': Buffer.from('x') } })
    const store = createModelStore({ cacheFolder, hubUrl: hub.url })

    await expect(store.fetch('clip', NAME, { signal, onProgress: ignore })).rejects.toThrow(
      'outside the model',
    )
  })
})

describe('a hub that is away', () => {
  const gone = 'http://127.0.0.1:9'

  test('is named when a model is fetched', async () => {
    const cacheFolder = await temporaryFolder()
    const store = createModelStore({ cacheFolder, hubUrl: gone })

    const fetching = store.fetch('clip', NAME, { signal, onProgress: ignore })

    await expect(fetching).rejects.toThrow('the hub at 127.0.0.1:9 cannot be reached')
  })

  test('leaves the facts that are known without it', async () => {
    const store = createModelStore({ cacheFolder: '/nowhere', hubUrl: gone })

    expect(await store.describe('clip', 'ViT-B-32__openai')).toEqual(
      expect.objectContaining({ licence: expect.stringContaining('MIT') }),
    )
    await expect(store.describe('clip', NAME)).rejects.toThrow('cannot be reached')
  })

  test('is told from what is no hub', async () => {
    const server = createServer((_, response) => response.end('<h1>router</h1>'))
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const store = createModelStore({ cacheFolder: '/nowhere', hubUrl })

    await expect(store.fetch('clip', NAME, { signal, onProgress: ignore })).rejects.toThrow(
      'is no model hub',
    )
  })

  test('is not asked at all when none is set', async () => {
    const store = createModelStore({ cacheFolder: '/nowhere' })

    expect(await store.describe('clip', NAME)).toBeUndefined()
    await expect(store.fetch('clip', NAME, { signal, onProgress: ignore })).rejects.toThrow(
      'no hub is set',
    )
  })
})

test.each([
  ['ViT-B-32__openai', 'clip', /MIT/],
  ['ViT-B-16-SigLIP2__webli', 'clip', /Apache/],
  ['ViT-SO400M-16-SigLIP2-384__webli', 'clip', /Apache/],
  ['nllb-clip-large-siglip__v1', 'clip', /non-commercial/],
  ['XLM-Roberta-Large-ViT-H-14__frozen_laion5b_s13b_b90k', 'clip', /MIT/],
  ['ViT-H-14-378-quickgelu__dfn5b', 'clip', /research/],
  ['buffalo_l', 'face', /non-commercial/],
  ['antelopev2', 'face', /non-commercial/],
])('the licence of %s is known', (name, kind, licence) => {
  expect(findKnownModel(name)).toEqual(
    expect.objectContaining({ kind, licence: expect.stringMatching(licence) }),
  )
})
