import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { PictureError } from './engine-errors.ts'
import { prepareForClip, prepareForFaces } from './prepare-picture.ts'
import type { Preprocessing } from './preprocessing.ts'

const EDGE = 32
const plain: Preprocessing = {
  width: EDGE,
  height: EDGE,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  kernel: 'cubic',
  resizeMode: 'shortest',
  fillLevel: 0,
}

/** Red, green and blue at a place, from 0 to 1 if nothing is normalised. */
function colourAt(values: Float32Array, [x, y]: [number, number], edge = EDGE) {
  const plane = edge * edge
  return [0, 1, 2].map((channel) => values[channel * plane + y * edge + x] ?? Number.NaN)
}

const expectColour = (actual: number[], expected: number[]) => {
  for (const [channel, value] of expected.entries())
    expect(Math.abs((actual[channel] ?? Number.NaN) - value)).toBeLessThan(0.06)
}

const solid = (background: string | object, width = 64, height = 48, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background } })

/** Left third red, middle green, right blue. */
async function striped(width: number, height: number): Promise<Sharp> {
  const third = Math.round(width / 3)
  const stripe = (background: string, left: number) =>
    solid(background, third, height)
      .png()
      .toBuffer()
      .then((input) => ({ input, left, top: 0 }))
  const stripes = [stripe('#f00', 0), stripe('#0f0', third), stripe('#00f', width - third)]
  const composed = await solid('#000', width, height)
    .composite(await Promise.all(stripes))
    .png()
    .toBuffer()
  return sharp(composed)
}

describe('a picture for CLIP', () => {
  test('is cut to its middle where the shorter side fits', async () => {
    const bytes = await (await striped(300, 100)).png().toBuffer()

    const values = await prepareForClip(bytes, plain)

    for (const x of [2, 16, 29]) expectColour(colourAt(values, [x, 16]), [0, 1, 0])
  })

  test('is squashed where the model wants all of it', async () => {
    const bytes = await (await striped(300, 100)).png().toBuffer()

    const values = await prepareForClip(bytes, { ...plain, resizeMode: 'squash' })

    expectColour(colourAt(values, [4, 16]), [1, 0, 0])
    expectColour(colourAt(values, [16, 16]), [0, 1, 0])
    expectColour(colourAt(values, [28, 16]), [0, 0, 1])
  })

  test('is filled up where the longer side fits', async () => {
    const bytes = await (await striped(300, 100)).png().toBuffer()

    const values = await prepareForClip(bytes, { ...plain, resizeMode: 'longest', fillLevel: 255 })

    expectColour(colourAt(values, [16, 2]), [1, 1, 1])
    expectColour(colourAt(values, [16, 16]), [0, 1, 0])
  })

  test('is normalised channel by channel', async () => {
    const bytes = await solid({ r: 255, g: 128, b: 0 }).png().toBuffer()

    const values = await prepareForClip(bytes, {
      ...plain,
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.25, 0.1],
    })

    expectColour(colourAt(values, [16, 16]), [1, 0, -5])
  })

  test.each<[string, () => Promise<Buffer>, number[]]>([
    ['grey', () => solid('#808080').greyscale().jpeg().toBuffer(), [0.5, 0.5, 0.5]],
    ['CMYK', () => solid('#fff').toColourspace('cmyk').jpeg().toBuffer(), [1, 1, 1]],
    ['16 bits', () => solid('#00f').toColourspace('rgb16').png().toBuffer(), [0, 0, 1]],
    [
      'half transparent',
      () => solid({ r: 255, g: 0, b: 0, alpha: 0.5 }, 64, 48, 4).png().toBuffer(),
      [1, 0.5, 0.5],
    ],
    [
      'transparent WebP',
      () => solid({ r: 0, g: 0, b: 0, alpha: 0 }, 64, 48, 4).webp().toBuffer(),
      [1, 1, 1],
    ],
    ['a palette', () => solid('#f00').png({ palette: true }).toBuffer(), [1, 0, 0]],
    ['one pixel', () => solid('#0f0', 1, 1).png().toBuffer(), [0, 1, 0]],
  ])('may be %s', async (_, make, colour) => {
    const values = await prepareForClip(await make(), plain)

    expect(values).toHaveLength(3 * EDGE * EDGE)
    expectColour(colourAt(values, [16, 16]), colour)
  })

  test.each([
    [12_000, 40],
    [40, 12_000],
    [3000, 2],
  ])('may be a strip of %i by %i', async (width, height) => {
    const bytes = await solid('#f00', width, height).png().toBuffer()

    expectColour(colourAt(await prepareForClip(bytes, plain), [16, 16]), [1, 0, 0])
  })

  test('stands upright', async () => {
    const bytes = await (await striped(300, 100)).jpeg().withMetadata({ orientation: 6 }).toBuffer()

    const values = await prepareForClip(bytes, { ...plain, resizeMode: 'squash' })

    expectColour(colourAt(values, [16, 3]), [1, 0, 0])
    expectColour(colourAt(values, [16, 28]), [0, 0, 1])
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('not a picture at all')],
    ['a header', Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')],
  ])('that is %s is told as unreadable', async (_, bytes) => {
    await expect(prepareForClip(bytes, plain)).rejects.toThrow(PictureError)
    await expect(prepareForFaces(bytes)).rejects.toThrow(PictureError)
  })
})

describe('a picture for faces', () => {
  test.each([
    [1280, 320, 640, 160],
    [100, 400, 160, 640],
    [640, 640, 640, 640],
  ])('of %i by %i stands at the top left as %i by %i', async (width, height, right, lower) => {
    const bytes = await solid('#fff', width, height).png().toBuffer()

    const prepared = await prepareForFaces(bytes)

    const { detectionInput, scale, pixels } = prepared
    const at = (x: number, y: number) => detectionInput[y * 640 + x]
    expect([prepared.width, prepared.height]).toEqual([width, height])
    expect(pixels).toHaveLength(width * height * 3)
    expect(scale).toBeCloseTo(right / width)
    expect([at(0, 0), at(right - 1, lower - 1)]).toEqual([127.5 / 128, 127.5 / 128])
    if (right < 640) expect(at(right, 0)).toBe(-127.5 / 128)
    if (lower < 640) expect(at(0, lower)).toBe(-127.5 / 128)
  })
})
