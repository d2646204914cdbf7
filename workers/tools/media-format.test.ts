import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { formatOfFile } from './media-format.ts'
import { createTestFolder, HAS_SAMPLES, makeVideo, SAMPLES } from './test-media.suite.ts'

const folder = await createTestFolder()

async function formatOf(bytes: Buffer | string) {
  const path = join(folder, 'upload.jpg')
  await writeFile(path, bytes)
  return await formatOfFile(path)
}

const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#123456' } })

test.each([
  ['image/jpeg', 'plain', () => image.jpeg().toBuffer()],
  ['image/png', 'plain', () => image.png().toBuffer()],
  ['image/webp', 'plain', () => image.webp().toBuffer()],
  ['image/gif', 'plain', () => image.gif().toBuffer()],
  ['image/avif', 'plain', () => image.avif().toBuffer()],
  ['image/tiff', 'tiff', () => image.tiff().toBuffer()],
  ['image/svg+xml', 'plain', async () => '<?xml version="1.0"?>\n<!-- é --><svg width="1"/>'],
  ['video/mp4', 'video', () => makeVideo()],
  ['video/webm', 'video', () => makeVideo({ name: 'v.webm' })],
  ['video/matroska', 'video', () => makeVideo({ name: 'v.mkv' })],
  ['video/quicktime', 'video', () => makeVideo({ name: 'v.mov' })],
  ['video/vnd.avi', 'video', () => makeVideo({ name: 'v.avi' })],
  ['video/mp2t', 'video', () => makeVideo({ name: 'v.ts' })],
  ['video/MP1S', 'video', () => makeVideo({ name: 'v.mpg', options: ['-r', '25'] })],
  ['video/x-flv', 'video', () => makeVideo({ name: 'v.flv' })],
  ['video/x-ms-asf', 'video', () => makeVideo({ name: 'v.wmv' })],
])('%s is known by its bytes, whatever its name', async (mimeType, kind, make) => {
  expect(await formatOf(await make())).toMatchObject({ kind, mimeType })
})

test.each([
  ['an empty file', ''],
  ['text', 'just words, ünd more'],
  ['a web page or XML', '<html><script>alert(1)</script></html>'],
  ['a PDF', '%PDF-1.4\n%\0\0'],
  ['unknown bytes', Buffer.from([0, 1, 2, 3, 250, 251, 0, 9])],
])('%s is no media', async (description, bytes) => {
  expect(await formatOf(bytes)).toEqual({ kind: 'other', description })
})

test.skipIf(!HAS_SAMPLES).each([
  ['heic/iphone_15_pro.heic', 'foreign', 'image/heic'],
  ['wrong_ext/heic_named.jpg', 'foreign', 'image/heif'],
  ['wrong_ext/png_named.jpg', 'plain', 'image/png'],
  ['jxl/8bit_srgb.jxl', 'foreign', 'image/jxl'],
  ['psd/small.psd', 'foreign', 'image/vnd.adobe.photoshop'],
  ['raw/canon_r6_pruned.cr3', 'raw', 'image/x-canon-cr3'],
  ['raw/canon_eos_6d.dng', 'raw', 'image/x-adobe-dng'],
])('%s is what it is', async (name, kind, mimeType) => {
  expect(await formatOfFile(join(SAMPLES, name))).toMatchObject({ kind, mimeType })
})
