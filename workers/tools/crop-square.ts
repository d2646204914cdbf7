import sharp from 'sharp'
import { DecodeError } from './decode-error.ts'
import { type EncodedImage, MAX_INPUT_PIXELS, readShownSize, type Size } from './sharp.ts'

/** Shares of the picture as shown, from its top left corner. */
export type Box = { left: number; top: number; right: number; bottom: number }

type Square = { left: number; top: number; width: number; height: number }

/** On each side of the box. */
const MARGIN = 0.1
const JPEG = { quality: 80, chromaSubsampling: '4:4:4' } as const

/** The square around a box, moved rather than cut where it would leave the picture. */
export function squareAround({ left, top, right, bottom }: Box, { width, height }: Size): Square {
  const [boxWidth, boxHeight] = [(right - left) * width, (bottom - top) * height]
  const wanted = Math.max(boxWidth, boxHeight) * (1 + 2 * MARGIN)
  const side = Math.round(Math.max(1, Math.min(wanted, width, height)))
  const start = (middle: number, length: number) =>
    Math.round(Math.max(0, Math.min(length - side, middle - side / 2)))
  return {
    left: start(((left + right) / 2) * width, width),
    top: start(((top + bottom) / 2) * height, height),
    width: side,
    height: side,
  }
}

/** A JPEG of the square around the box, `edgePx` wide. Larger than the square when that is small. */
export async function cropSquare(
  input: string | Buffer,
  { box, edgePx }: { box: Box; edgePx: number },
): Promise<EncodedImage> {
  const size = await readShownSize({ input, rotation: 'exif' })
  try {
    const { data, info } = await sharp(input, {
      failOn: 'none',
      limitInputPixels: MAX_INPUT_PIXELS,
    })
      .autoOrient()
      .extract(squareAround(box, size))
      .resize(edgePx, edgePx)
      .flatten({ background: { r: 255, g: 255, b: 255 } })
      .keepIccProfile()
      .jpeg(JPEG)
      .toBuffer({ resolveWithObject: true })
    return { bytes: data, contentType: 'image/jpeg', width: info.width, height: info.height }
  } catch (error) {
    throw new DecodeError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
