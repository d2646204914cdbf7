import { readFile } from 'node:fs/promises'
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { DecodeError, TooManyPixelsError } from './decode-error.ts'
import { releaseBytes } from './release-bytes.ts'

// Jobs run side by side, each on one thread; a cache of decoded pixels would never be hit.
sharp.cache(false)
sharp.concurrency(1)

export const MAX_INPUT_PIXELS = 400_000_000
const PREVIEW_EDGE_PX = 1440
const THUMBNAIL_EDGE_PX = 250
/** WebP ends at 16383, and a strip a thousand times as long as wide is no picture for a screen. */
const LONGEST_EDGE_PX = 16_000
const DECODE_TIMEOUT_SECONDS = 60
/** The hash holds a handful of waves; more pixels only cost time. */
const THUMBHASH_EDGE_PX = 64
/** Four taps for lanczos3's six: a tenth of all the work, and 50 dB of PSNR between them. */
const KERNEL = 'cubic'
const WHITE = { r: 255, g: 255, b: 255 }

/** 4:4:4 as Immich's. A second pass for the best Huffman tables would save 1 % of the bytes for 25 % more CPU. */
const PREVIEW_JPEG = { quality: 80, chromaSubsampling: '4:4:4', optimizeCoding: false } as const
/** Effort 4, sharp's default, saves 3 % of the bytes for twice the CPU. */
const THUMBNAIL_WEBP = { quality: 80, effort: 2 } as const

export type Size = { width: number; height: number }

/** An encoded picture with the size it is shown at. */
export type EncodedImage = Size & { bytes: Buffer; contentType: 'image/jpeg' | 'image/webp' }

export type ImageProducts = {
  preview: EncodedImage
  thumbnail: EncodedImage
  thumbhash: Uint8Array
}

/** Decoded pixels, at most as large as the preview, upright, in memory until disposed of. */
export type Pixels = Disposable & Size & { bytes: Buffer; options: SharpOptions; hasAlpha: boolean }

/** With the size as shown of what was decoded. */
export type DecodedImage = Pixels & { originalSize: Size }

export type ImageSource = {
  input: string | Buffer
  /**
   * - exif: the EXIF tag says how to turn it
   * - none: the decoder has turned it already, or it stands upright
   */
  rotation: 'exif' | 'none' | RotationTag
}

/** EXIF's orientation, for a picture that does not carry its own. */
export type RotationTag = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** Reads size and profile only. The size is as stored; HEIF containers have been turned already. */
export async function readImageHeader(input: string | Buffer): Promise<Metadata> {
  try {
    return await sharp(input, { limitInputPixels: false }).metadata()
  } catch (error) {
    throw new DecodeError(messageOf(error), { cause: error })
  }
}

/** The size as shown; throws DecodeError where sharp does not know the format. */
export async function readShownSize({ input, rotation }: ImageSource): Promise<Size> {
  return shownSizeOf(await readImageHeader(input), rotation)
}

function shownSizeOf(header: Metadata, rotation: ImageSource['rotation']): Size {
  const isTurned = rotation === 'exif' && header.format !== 'heif'
  const tag = isTurned ? (header.orientation ?? 1) : rotation
  const { width, height } = header
  return typeof tag === 'number' && tag >= 5 ? { width: height, height: width } : { width, height }
}

/**
 * Decodes once, to what preview and thumbnail are then made from. A damaged file is taken as far as it goes.
 *
 * Colours: pixels with a profile other than sRGB (phones write Display P3) keep their values and carry the profile
 * into both products. That is right in every browser, keeps the wide gamut where a screen has it, and
 * saves the conversion. CMYK and grey become sRGB.
 */
export async function decodeImage(source: ImageSource): Promise<DecodedImage> {
  const header = await readImageHeader(source.input)
  const megapixels = (header.width * header.height) / 1e6
  if (megapixels * 1e6 > MAX_INPUT_PIXELS) throw new TooManyPixelsError(megapixels)
  const input = await withoutOuterReferences(source.input, header)
  try {
    return await decode({ ...source, input }, { header, failOn: 'warning' })
  } catch (error) {
    if (isTimeout(error)) throw new DecodeError('decoding takes too long', { cause: error })
  }
  try {
    return await decode({ ...source, input }, { header, failOn: 'none' })
  } catch (error) {
    throw new DecodeError(messageOf(error), { cause: error })
  }
}

/** librsvg resolves references relative to a file's path; bytes without a path have nothing to refer to. */
async function withoutOuterReferences(input: string | Buffer, { format }: Metadata) {
  return format === 'svg' && typeof input === 'string' ? await readFile(input) : input
}

type Decoding = { header: Metadata; failOn: 'warning' | 'none' }

async function decode(
  { input, rotation }: ImageSource,
  { header, failOn }: Decoding,
): Promise<DecodedImage> {
  const isRgb = header.space === 'srgb'
  const isPlain = isRgb && (!header.icc || isSrgbProfile(header.icc))
  const opened = sharp(input, {
    failOn,
    limitInputPixels: MAX_INPUT_PIXELS,
    // Else pixels that are sRGB already would be converted to sRGB.
    ignoreIcc: isPlain,
  }).timeout({ seconds: DECODE_TIMEOUT_SECONDS })
  const resized = fitted(turned(opened, rotation, header), {
    edgePx: PREVIEW_EDGE_PX,
    size: header,
  })
  const keepsProfile = isRgb && !isPlain
  const pixels = await toPixels(
    keepsProfile ? resized.keepIccProfile() : resized.toColourspace('srgb'),
    { keepsProfile, hasAlpha: header.hasAlpha },
  )
  return { ...pixels, originalSize: shownSizeOf(header, rotation) }
}

/** Raw pixels cannot carry a profile; an uncompressed TIFF can, for 5 ms more. */
async function toPixels(
  image: Sharp,
  { keepsProfile, hasAlpha }: { keepsProfile: boolean; hasAlpha: boolean },
): Promise<Pixels> {
  const output = keepsProfile ? image.tiff({ compression: 'none' }) : image.raw()
  const { data: bytes, info } = await output.toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  return {
    bytes,
    options: keepsProfile ? {} : { raw: { width, height, channels } },
    width,
    height,
    hasAlpha,
    [Symbol.dispose]: () => releaseBytes(bytes),
  }
}

function turned(image: Sharp, rotation: ImageSource['rotation'], header: Metadata): Sharp {
  if (rotation === 'none' || header.format === 'heif') return image
  if (rotation === 'exif') return image.autoOrient()
  if (rotation === 2) return image.flop()
  if (rotation === 3) return image.rotate(180)
  if (rotation === 4) return image.flip()
  // sharp mirrors first, whatever the order of the calls.
  if (rotation === 5) return image.flop().rotate(270)
  if (rotation === 6) return image.rotate(90)
  if (rotation === 7) return image.flop().rotate(90)
  if (rotation === 8) return image.rotate(270)
  return image
}

/** The shorter side as given, never enlarged, as Immich's clients expect. */
function fitted(image: Sharp, { edgePx, size }: { edgePx: number; size: Size }): Sharp {
  const shorter = Math.min(size.width, size.height)
  const longer = Math.max(size.width, size.height)
  const isStrip = (longer / shorter) * Math.min(edgePx, shorter) > LONGEST_EDGE_PX
  const box = isStrip
    ? { width: LONGEST_EDGE_PX, height: LONGEST_EDGE_PX, fit: 'inside' as const }
    : { width: edgePx, height: edgePx, fit: 'outside' as const }
  return image.resize({ ...box, kernel: KERNEL, withoutEnlargement: true })
}

/** Preview, thumbnail and thumbhash from one decode. */
export async function encodeProducts(pixels: Pixels): Promise<ImageProducts> {
  const preview = await encodePreview(pixels)
  using small = await shrink(pixels)
  const thumbnail = await openPixels(small)
    .webp(THUMBNAIL_WEBP)
    .toBuffer({ resolveWithObject: true })
  return {
    preview,
    thumbnail: {
      bytes: thumbnail.data,
      contentType: 'image/webp',
      width: thumbnail.info.width,
      height: thumbnail.info.height,
    },
    thumbhash: await thumbhashOf(small),
  }
}

async function encodePreview(pixels: Pixels): Promise<EncodedImage> {
  const opened = openPixels(pixels)
  const opaque = pixels.hasAlpha ? opened.flatten({ background: WHITE }) : opened
  const { data, info } = await opaque.jpeg(PREVIEW_JPEG).toBuffer({ resolveWithObject: true })
  return { bytes: data, contentType: 'image/jpeg', width: info.width, height: info.height }
}

async function shrink(pixels: Pixels): Promise<Pixels> {
  const resized = fitted(openPixels(pixels), { edgePx: THUMBNAIL_EDGE_PX, size: pixels })
  const { hasAlpha } = pixels
  return await toPixels(resized, { keepsProfile: !pixels.options.raw, hasAlpha })
}

function openPixels({ bytes, options }: Pixels): Sharp {
  const image = sharp(bytes, { ...options, limitInputPixels: MAX_INPUT_PIXELS })
  return options.raw ? image : image.keepIccProfile()
}

async function thumbhashOf({ bytes, options }: Pixels): Promise<Uint8Array> {
  const { data, info } = await sharp(bytes, options)
    .resize(THUMBHASH_EDGE_PX, THUMBHASH_EDGE_PX, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return rgbaToThumbHash(info.width, info.height, data)
}

/**
 * sRGB by the profile's description, in the ASCII of old profiles or the UTF-16 of new ones. Android's wide one calls
 * itself "Display P3 Gamut with sRGB Transfer".
 */
function isSrgbProfile(profile: Buffer): boolean {
  const says = (name: string) =>
    profile.includes(name, 'latin1') || profile.includes(Buffer.from(name, 'utf16le').swap16())
  return says('sRGB') && !says('P3')
}

function isTimeout(error: unknown): boolean {
  return /timeout/i.test(messageOf(error))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
