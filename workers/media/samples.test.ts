import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { PermanentError } from '#contracts/errors.ts'
import { HAS_SAMPLES, readSample, SAMPLES } from '../tools/test-media.suite.ts'
import { handleExtractMetadata } from './jobs/extract-metadata.ts'
import { handleMakeThumbnails } from './jobs/make-thumbnails.ts'
import { setupMedia } from './setup.suite.ts'

type Expected = {
  file: string
  display_width: number | null
  display_height: number | null
  duration: number | null
}

const media = await setupMedia()
const { deps, context, seedUser, seedAsset, findAsset, listFiles } = media
const samples: Expected[] = HAS_SAMPLES
  ? JSON.parse(await readFile(join(SAMPLES, 'expected.json'), 'utf8'))
  : []

/** Words that its owner reads, for the files that are none or are broken. */
const FAILURES: Record<string, string> = {
  'corrupt/header_only_dev.jpg': 'ends in the middle',
  'corrupt/random_bytes_dev.jpg': 'not an image or video',
  'corrupt/truncated_no_moov.mp4': 'ends in the middle',
  'corrupt/zero_byte_dev.jpg': 'empty',
  'hostile/bomb_30000x30000_grey.png': '900 megapixels',
  'wrong_ext/text_named.jpg': 'looks like text',
}

async function process(name: string): Promise<string | undefined> {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await readSample(name), name: basename(name) })
  try {
    await handleExtractMetadata({ assetId }, deps, context)
    await handleMakeThumbnails({ assetId }, deps, context)
  } catch (error) {
    if (error instanceof PermanentError) return error.message
    throw error
  }
  const asset = await findAsset(assetId)
  const expected = samples.find(({ file }) => file === name)
  expect((await listFiles(assetId)).map(({ type }) => type)).toEqual(['preview', 'thumbnail'])
  expect({ width: asset?.width, height: asset?.height }).toEqual({
    width: expected?.display_width,
    height: expected?.display_height,
  })
  const seconds = (asset?.durationMs ?? 0) / 1000
  if (asset?.type === 'VIDEO') expect(seconds).toBeCloseTo(expected?.duration ?? 0, 1)
  return undefined
}

const files = samples.map(({ file }) => file).filter((file) => !file.endsWith('.xmp'))

test.skipIf(!HAS_SAMPLES).each(files.filter((file) => !FAILURES[file]))(
  '%s becomes an asset of its size with preview and thumbnail',
  async (name) => {
    expect(await process(name)).toBeUndefined()
  },
)

test.skipIf(!HAS_SAMPLES).each(Object.entries(FAILURES))(
  '%s fails in words for its owner: %s',
  async (name, words) => {
    expect(await process(name)).toContain(words)
  },
)
