import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { DecodeError, TooManyPixelsError } from './decode-error.ts'
import { decodeImage, encodeProducts, readShownSize } from './sharp.ts'
import {
  createTestFolder,
  HAS_SAMPLES,
  makeJpeg,
  readSample,
  withTags,
} from './test-media.suite.ts'

const folder = await createTestFolder()
const image20 = sharp({ create: { width: 20, height: 20, channels: 3, background: '#000' } })

async function render(input: Buffer | string) {
  return await encodeProducts(await decodeImage({ input, rotation: 'exif' }))
}

async function colourAt(image: Buffer, at: 'left' | 'right' | 'top' | 'bottom') {
  const isUpright = at === 'top' || at === 'bottom'
  const [width, height] = isUpright ? [1, 4] : [4, 1]
  const { data } = await sharp(image)
    .toColourspace('srgb')
    .resize(width, height, { fit: 'fill' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const first = at === 'left' || at === 'top' ? 0 : 9
  const [red = 0, , blue = 0] = data.subarray(first, first + 3)
  return red > blue ? 'red' : 'blue'
}

test.each([
  [1, 'left', 'right'],
  [2, 'right', 'left'],
  [3, 'right', 'left'],
  [4, 'left', 'right'],
  [5, 'top', 'bottom'],
  [6, 'top', 'bottom'],
  [7, 'bottom', 'top'],
  [8, 'bottom', 'top'],
] as const)('orientation %i stands upright in every product', async (orientation, red, blue) => {
  const bytes = await withTags(await makeJpeg(), { Orientation: orientation })

  const { preview, thumbnail } = await render(bytes)

  for (const image of [preview.bytes, thumbnail.bytes]) {
    expect(await colourAt(image, red)).toBe('red')
    expect(await colourAt(image, blue)).toBe('blue')
  }
  const isTurned = orientation >= 5
  expect(await readShownSize({ input: bytes, rotation: 'exif' })).toEqual(
    isTurned ? { width: 200, height: 400 } : { width: 400, height: 200 },
  )
})

test('an orientation from elsewhere turns a picture the same way', async () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8] as const) {
    const own = await withTags(await makeJpeg(), { Orientation: orientation })
    const byTag = await decodeImage({ input: own, rotation: 'exif' })
    const given = await decodeImage({ input: await makeJpeg(), rotation: orientation })
    expect([given.width, given.height]).toEqual([byTag.width, byTag.height])
    expect(given.bytes.equals(byTag.bytes)).toBe(true)
  }
})

test.each([
  ['landscape', { width: 4000, height: 3000 }, [1920, 1440], [333, 250]],
  ['portrait', { width: 3000, height: 4000 }, [1440, 1920], [250, 333]],
  ['small', { width: 300, height: 100 }, [300, 100], [300, 100]],
  ['strip', { width: 30000, height: 400 }, [16000, 213], [16000, 213]],
])('a %s has the sizes of Immich, never enlarged', async (_, size, preview, thumbnail) => {
  const input = await sharp({ create: { ...size, channels: 3, background: '#777' } })
    .png()
    .toBuffer()

  const products = await render(input)

  expect([products.preview.width, products.preview.height]).toEqual(preview)
  expect([products.thumbnail.width, products.thumbnail.height]).toEqual(thumbnail)
})

test('what is transparent lies on white in the preview and stays transparent in the thumbnail', async () => {
  const input = await sharp({
    create: { width: 20, height: 20, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  })
    .png()
    .toBuffer()

  const { preview, thumbnail } = await render(input)

  const { data } = await sharp(preview.bytes).raw().toBuffer({ resolveWithObject: true })
  expect(data[0]).toBeGreaterThan(250)
  expect((await sharp(thumbnail.bytes).metadata()).hasAlpha).toBe(true)
})

test('a wide-gamut photo keeps its values and carries its profile', async () => {
  const srgb = sharp({ create: { width: 50, height: 50, channels: 3, background: '#ff0000' } })
  const wide = await srgb.withIccProfile('p3').jpeg({ quality: 100 }).toBuffer()

  const { preview, thumbnail } = await render(wide)

  for (const { bytes } of [preview, thumbnail]) {
    expect((await sharp(bytes).metadata()).hasProfile).toBe(true)
    const { data } = await sharp(bytes)
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(data[0]).toBeGreaterThan(245)
    expect(data[1]).toBeLessThan(20)
  }
})

test('CMYK and 16 bits become ordinary colours', async () => {
  const cmyk = await sharp({
    create: { width: 40, height: 40, channels: 3, background: '#ff0000' },
  })
    .toColourspace('cmyk')
    .jpeg()
    .toBuffer()
  const deep = await sharp({
    create: { width: 40, height: 40, channels: 3, background: '#ff0000' },
  })
    .toColourspace('rgb16')
    .png()
    .toBuffer()

  for (const input of [cmyk, deep]) {
    const { preview } = await render(input)
    expect(await sharp(preview.bytes).metadata()).toMatchObject({ space: 'srgb', depth: 'uchar' })
    expect(await colourAt(preview.bytes, 'left')).toBe('red')
  }
})

test('an SVG is drawn, without the files it points to', async () => {
  const secret = join(folder, 'secret.png')
  await writeFile(
    secret,
    await sharp({ create: { width: 9, height: 9, channels: 3, background: '#00f' } })
      .png()
      .toBuffer(),
  )
  const path = join(folder, 'a.svg')
  await writeFile(
    path,
    `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="red"/>
     <image href="secret.png" width="40" height="40"/><image href="file://${secret}" width="40" height="40"/></svg>`,
  )

  const { preview } = await render(path)

  expect(await colourAt(preview.bytes, 'left')).toBe('red')
})

test('a torn file is shown as far as it goes; more pixels than the limit are refused before decoding', async () => {
  const whole = await makeJpeg({ width: 800, height: 600 })
  const torn = await render(whole.subarray(0, whole.byteLength - 500))
  expect(torn.preview.width).toBe(800)

  const bomb = await image20.png().toBuffer()
  // A header that promises more than the file holds.
  bomb.writeUInt32BE(25_000, 16)
  bomb.writeUInt32BE(20_000, 20)
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29)
  await expect(render(bomb)).rejects.toThrow(TooManyPixelsError)
  await expect(render(Buffer.from('no image at all'))).rejects.toThrow(DecodeError)
})

test.skipIf(!HAS_SAMPLES)(
  'an iPhone’s colours keep their profile, an Ultra HDR photo shows its base',
  async () => {
    const wide = await render(await readSample('jpeg/display_p3.jpg'))
    expect((await sharp(wide.preview.bytes).metadata()).icc?.byteLength).toBeGreaterThan(400)

    const { preview } = await render(await readSample('jpeg/ultrahdr_gainmap.jpg'))
    expect([preview.width, preview.height]).toEqual([2560, 1440])
  },
)
