// From an encoded picture to what models take. libvips works on its own threads; what is left for JavaScript is a
// table look-up per value.
import sharp, { type Sharp } from 'sharp'
import { releaseBytes } from '#workers/tools/release-bytes.ts'
import { DETECTION_EDGE_PX, DETECTION_MEAN, DETECTION_STD } from './detection-input.ts'
import { PictureError } from './engine-errors.ts'
import type { FacePicture } from './messages.ts'
import type { Preprocessing } from './preprocessing.ts'

sharp.cache(false)
sharp.concurrency(1)

const CHANNELS = 3
/** Previews are far below; anything else that is asked for must not fill the memory. */
const MAX_INPUT_PIXELS = 100_000_000
const DECODE_TIMEOUT_SECONDS = 30
const WHITE = { r: 255, g: 255, b: 255 }
/** From here on the middle is cut out first: else a strip would be blown up to be thrown away. */
const STRIP_RATIO = 16

type Size = { width: number; height: number }

/** Normalised values, channel by channel. */
export async function prepareForClip(
  bytes: Uint8Array,
  preprocessing: Preprocessing,
): Promise<Float32Array> {
  const { width, height, mean, std } = preprocessing
  return await readable(async () => {
    const size = await sizeOf(bytes)
    const pixels = await pixelsOf(resized(opened(bytes), size, preprocessing))
    const tables = mean.map((each, channel) => tableOf(each * 255, (std[channel] ?? 1) * 255))
    const values = new Float32Array(CHANNELS * width * height)
    spread(pixels, { values, tables, rowPx: width, edge: { width, height } })
    releaseBytes(pixels)
    return values
  })
}

const detectionTable = tableOf(DETECTION_MEAN, DETECTION_STD)
const BLACK = -DETECTION_MEAN / DETECTION_STD

/** The whole picture, and the same scaled into the detection's square. */
export async function prepareForFaces(bytes: Uint8Array): Promise<Omit<FacePicture, 'minScore'>> {
  return await readable(async () => {
    const { data, info } = await rawPixels(plain(opened(bytes).autoOrient()))
    const { width, height } = info
    const edge = DETECTION_EDGE_PX
    const fitted =
      height > width
        ? { width: Math.max(1, Math.trunc((edge * width) / height)), height: edge }
        : { width: edge, height: Math.max(1, Math.trunc((edge * height) / width)) }
    const small = await sharp(data, { raw: { width, height, channels: CHANNELS } })
      .resize({ ...fitted, fit: 'fill', kernel: 'linear' })
      .raw()
      .toBuffer()
    const pixels = transferable(data)
    const detectionInput = new Float32Array(CHANNELS * edge * edge)
    if (fitted.width < edge || fitted.height < edge) detectionInput.fill(BLACK)
    const tables = [detectionTable, detectionTable, detectionTable]
    spread(small, { values: detectionInput, tables, rowPx: edge, edge: fitted })
    releaseBytes(small)
    return { detectionInput, scale: fitted.height / height, pixels, width, height }
  })
}

function opened(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: 'error' }).timeout({
    seconds: DECODE_TIMEOUT_SECONDS,
  })
}

async function sizeOf(bytes: Uint8Array): Promise<Size> {
  const { autoOrient } = await opened(bytes).metadata()
  return autoOrient
}

/** Three channels of sRGB, whatever it was: grey, CMYK, 16 bits, another profile, transparent on white. */
const plain = (image: Sharp) =>
  image.flatten({ background: WHITE }).toColourspace('srgb').removeAlpha()

/** Not by toUint8Array, whose memory sharp 0.35.5 never gives back. */
const rawPixels = (image: Sharp) => image.raw().toBuffer({ resolveWithObject: true })

/** What sharp gives belongs to this thread; a copy can be handed to another. */
function transferable(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes)
  releaseBytes(bytes)
  return copy
}

async function pixelsOf(image: Sharp): Promise<Uint8Array> {
  const { data, info } = await rawPixels(plain(image))
  if (info.channels !== CHANNELS) throw new Error(`${info.channels} channels`)
  return data
}

function resized(image: Sharp, size: Size, preprocessing: Preprocessing): Sharp {
  const { width, height, kernel, resizeMode, fillLevel } = preprocessing
  const upright = image.autoOrient()
  if (resizeMode === 'squash') return upright.resize({ width, height, fit: 'fill', kernel })
  if (resizeMode === 'longest') {
    const background = { r: fillLevel, g: fillLevel, b: fillLevel }
    return upright.resize({ width, height, fit: 'contain', kernel, background })
  }
  const middle = cutStrip(size, width / height)
  const scale = Math.max(width / middle.width, height / middle.height)
  // Lengths are cut, not rounded, and so is the middle: as where the models were trained.
  const scaled = {
    width: Math.max(width, Math.trunc(middle.width * scale)),
    height: Math.max(height, Math.trunc(middle.height * scale)),
  }
  const isWhole = middle.width === size.width && middle.height === size.height
  const source = isWhole ? upright : upright.extract(middle)
  const whole = source.resize({ ...scaled, fit: 'fill', kernel })
  if (scaled.width === width && scaled.height === height) return whole
  const left = Math.trunc((scaled.width - width) / 2)
  const top = Math.trunc((scaled.height - height) / 2)
  return whole.extract({ left, top, width, height })
}

/** The part that can be seen of a strip, with some to spare. */
function cutStrip({ width, height }: Size, aspect: number) {
  const whole = { left: 0, top: 0, width, height }
  if (width / height > STRIP_RATIO * aspect) {
    const kept = Math.min(width, Math.ceil(height * aspect * 2))
    return { ...whole, left: Math.trunc((width - kept) / 2), width: kept }
  }
  if (height / width > STRIP_RATIO / aspect) {
    const kept = Math.min(height, Math.ceil((width / aspect) * 2))
    return { ...whole, top: Math.trunc((height - kept) / 2), height: kept }
  }
  return whole
}

/** What each of 256 levels becomes. */
function tableOf(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, level) => (level - mean) / std)
}

type Spreading = { values: Float32Array; tables: Float32Array[]; rowPx: number; edge: Size }

/** RGBRGB… of `edge` into planes of red, green and blue whose rows are `rowPx` long. */
function spread(pixels: Uint8Array, { values, tables, rowPx, edge }: Spreading) {
  const [red, green, blue] = tables
  if (!red || !green || !blue) throw new Error('three channels have three tables')
  const plane = values.length / CHANNELS
  let from = 0
  for (let row = 0; row < edge.height; row += 1) {
    const start = row * rowPx
    for (let to = start; to < start + edge.width; to += 1) {
      values[to] = red[pixels[from] ?? 0] ?? 0
      values[plane + to] = green[pixels[from + 1] ?? 0] ?? 0
      values[2 * plane + to] = blue[pixels[from + 2] ?? 0] ?? 0
      from += CHANNELS
    }
  }
}

/** Whatever goes wrong while a picture is read is the picture's fault. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new PictureError(`the picture cannot be read: ${reason}`, { cause: error })
  }
}
