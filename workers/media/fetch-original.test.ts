import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { probeVideo } from '../tools/ffprobe.ts'
import { formatOfFile } from '../tools/media-format.ts'
import { createTestFolder, makeJpeg, makeVideo, withTags } from '../tools/test-media.suite.ts'
import { fetchOriginal } from './fetch-original.ts'
import { createOriginals } from './originals.ts'
import { readMedia } from './read-media.ts'
import { renderMedia } from './render-media.ts'
import { setupMedia } from './setup.suite.ts'

const { storage, deps, context, temp } = await setupMedia()
const folder = await createTestFolder()
const path = join(folder, 'original')
const { signal } = context
const small = { wholeBytes: 20_000, headBytes: 40_000, tailBytes: 2_000 }

async function put(bytes: Buffer) {
  const key = `upload/${newId<AssetId>()}`
  await storage.put(key, bytes, { contentType: 'application/octet-stream' })
  return { storage, key, sizeBytes: bytes.byteLength, signal }
}

async function makeLongVideo(options: string[]) {
  const bytes = await makeVideo({ seconds: 30, options: ['-g', '10', '-b:v', '300k', ...options] })
  return await withTags(bytes, { CreateDate: '2024:01:02 03:04:05' } as never, 'v.mp4')
}

test.each([
  ['at its end', []],
  ['at its start', ['-movflags', '+faststart']],
])(
  'of a large video with its index %s only a part is fetched, and it suffices',
  async (_, options) => {
    const bytes = await makeLongVideo(options)
    expect(bytes.byteLength).toBeGreaterThan(150_000)

    const fetched = await fetchOriginal({ ...(await put(bytes)), limits: small }, path)

    expect(fetched).toEqual({ readableBytes: 40_000 })
    const format = await formatOfFile(path)
    const facts = await readMedia({ path, sidecarPath: undefined, format }, { ...deps, ...context })
    expect(facts).toMatchObject({
      durationMs: 30_000,
      size: { width: 320, height: 180 },
      metadata: { takenAt: { instant: new Date('2024-01-02T03:04:05Z') } },
    })
    const readableShare = 40_000 / bytes.byteLength
    const { products } = await renderMedia({ path, format, readableShare }, { ...deps, signal })
    expect(products.preview).toMatchObject({ width: 320, height: 180 })
  },
)

test('a large film of another container is fetched in part, a large picture whole', async () => {
  const film = await makeVideo({ name: 'v.mkv', seconds: 30, options: ['-b:v', '300k'] })
  await fetchOriginal({ ...(await put(film)), limits: small }, path)
  expect(await probeVideo({ path, demuxer: 'matroska' })).toMatchObject({ durationMs: 30_000 })

  const picture = Buffer.concat([await makeJpeg(), Buffer.alloc(90_000, 7)])
  const fetched = await fetchOriginal({ ...(await put(picture)), limits: small }, path)
  expect(fetched).toEqual({ readableBytes: picture.byteLength })
})

test('an object that is missing is undefined, large or small', async () => {
  const missing = { storage, key: 'upload/none', signal }

  expect(await fetchOriginal({ ...missing, sizeBytes: 5 }, path)).toBeUndefined()
  expect(await fetchOriginal({ ...missing, sizeBytes: 1e9 }, path)).toBeUndefined()
})

test('a full disk is said to be full', async () => {
  const source = await put(Buffer.alloc(2 ** 20, 1))

  await expect(fetchOriginal(source, '/dev/full')).rejects.toThrow(
    'disk for temporary files is full',
  )
})

test('jobs that follow each other share one fetch; nobody else’s bytes are kept for long', async () => {
  let fetches = 0
  const counting = {
    ...storage,
    stream: (...args: Parameters<typeof storage.stream>) => {
      fetches += 1
      return storage.stream(...args)
    },
  }
  const originals = createOriginals({ storage: counting, temp })
  const { key, sizeBytes } = await put(Buffer.from('bytes'))
  const wanted = { key, sizeBytes, signal }

  await (await originals.open({ ...wanted, isKept: true }))?.[Symbol.asyncDispose]()
  const [a, b] = await Promise.all([
    originals.open({ ...wanted, isKept: false }),
    originals.open({ ...wanted, isKept: false }),
  ])
  expect(a?.path).toBe(b?.path)
  expect(fetches).toBe(1)

  await a?.[Symbol.asyncDispose]()
  await writeFile(b?.path ?? '', 'still there', { flag: 'r+' })
  await b?.[Symbol.asyncDispose]()
  await expect(writeFile(b?.path ?? '', '', { flag: 'r+' })).rejects.toThrow('ENOENT')
})
