import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { DecodeError } from './decode-error.ts'
import { decodeImageWithFfmpeg, extractPoster } from './ffmpeg.ts'
import { probeVideo } from './ffprobe.ts'
import { createTestFolder, HAS_SAMPLES, makeJpeg, makeVideo, SAMPLES } from './test-media.suite.ts'

const folder = await createTestFolder()
const path = join(folder, "odd ' name; $(x) ünd %d.bin")

async function posterOf(input: string, demuxer = 'mov') {
  const facts = await probeVideo({ path: input, demuxer })
  const frame = await extractPoster({
    path: input,
    folder,
    demuxer,
    facts,
    readableSeconds: Number.POSITIVE_INFINITY,
  })
  return { facts, frame: await sharp(frame).metadata() }
}

test.each([
  ['mov', 'v.mp4', []],
  ['mov', 'v.mov', []],
  ['matroska', 'v.mkv', []],
  ['matroska', 'v.webm', []],
  ['avi', 'v.avi', []],
  ['mpegts', 'v.ts', []],
])(
  'a video in %s (%s) has a size, a duration, a rate and a poster',
  async (demuxer, name, options) => {
    await writeFile(path, await makeVideo({ name, options }))

    const { facts, frame } = await posterOf(path, demuxer)

    expect(facts).toMatchObject({ width: 320, height: 180, rotation: 0, audioCodec: null })
    expect(facts.durationMs).toBeCloseTo(2000, -3)
    expect(facts.fps).toBeCloseTo(10, 0)
    expect(frame).toMatchObject({ width: 320, height: 180, channels: 3 })
  },
)

test('pixels that are not square are shown as they should be', async () => {
  await writeFile(path, await makeVideo({ options: ['-vf', 'setsar=2/1'] }))

  const { facts, frame } = await posterOf(path)

  expect(facts).toMatchObject({ width: 640, height: 180 })
  expect(frame).toMatchObject({ width: 640, height: 180 })
})

test('a file in another container than its bytes say is refused, not guessed', async () => {
  await writeFile(path, '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n')

  await expect(probeVideo({ path, demuxer: 'mov' })).rejects.toThrow(DecodeError)
})

test('a torn JPEG is decoded as far as it goes', async () => {
  const bytes = await makeJpeg({ width: 801, height: 601 })
  await writeFile(path, bytes.subarray(0, bytes.byteLength - 300))

  const decoded = await decodeImageWithFfmpeg({ path, folder, codec: 'mjpeg' })

  expect(await sharp(decoded).metadata()).toMatchObject({ width: 801, height: 601 })
})

test.skipIf(!HAS_SAMPLES).each([
  ['video/rotated_display_matrix.mp4', { width: 360, height: 640, rotation: 270 }],
  ['video/hlg_hevc10_no_audio.mp4', { width: 640, height: 360, isHdr: true, audioCodec: null }],
  ['video/h264_720p_moov_end.mp4', { width: 1280, height: 720, durationMs: 4000 }],
])('%s is read and shown', async (name, expected) => {
  const { facts, frame } = await posterOf(join(SAMPLES, name))

  expect(facts).toMatchObject(expected)
  expect([frame.width, frame.height]).toEqual([facts.width, facts.height])
})

test.skipIf(!HAS_SAMPLES)('a video without its index is refused', async () => {
  const input = join(SAMPLES, 'corrupt/truncated_no_moov.mp4')

  await expect(probeVideo({ path: input, demuxer: 'mov' })).rejects.toThrow('moov atom not found')
})
