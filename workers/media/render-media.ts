import { DecodeError, DecoderDiedError, TooManyPixelsError } from '#workers/tools/decode-error.ts'
import type { Exiftool } from '#workers/tools/exiftool.ts'
import { decodeImageWithFfmpeg, extractPoster } from '#workers/tools/ffmpeg.ts'
import { probeVideo } from '#workers/tools/ffprobe.ts'
import type { MediaFormat } from '#workers/tools/media-format.ts'
import {
  type DecodedImage,
  decodeImage,
  encodeProducts,
  type ImageProducts,
  type ImageSource,
  type Pixels,
  readImageHeader,
  type Size,
} from '#workers/tools/sharp.ts'
import { decodeWithVips } from '#workers/tools/vips.ts'
import { explainFailure, notMedia } from './explain-failure.ts'
import type { TempFolder } from './temp-folder.ts'

type Tools = { exiftool: Exiftool; temp: TempFolder; signal: AbortSignal }

type Media = {
  path: string
  format: MediaFormat
  /** How much of the file, from its start, lies at `path`: 1 is all of it. */
  readableShare: number
}

export type Rendered = {
  products: ImageProducts
  /** As shown; undefined where only the metadata know, as of RAW files. */
  size: Size | undefined
}

type Decoded = { pixels: Pixels; size: Size | undefined }
/** Most pictures need no folder, so it is made for the first decoder that asks. */
type Work = Media & Tools & { folder: () => Promise<string> }

/** ffmpeg's names, for what it decodes as a second choice (sharp refuses a torn file) or as the first. */
const FFMPEG_CODECS: Record<string, string> = {
  'image/jpeg': 'mjpeg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/jxl': 'libjxl',
  'image/jp2': 'jpeg2000',
  'image/jpx': 'jpeg2000',
  'image/jpm': 'jpeg2000',
  'image/j2c': 'jpeg2000',
  'image/bmp': 'bmp',
  'image/vnd.adobe.photoshop': 'psd',
}
const VIPS_FIRST = new Set(['image/heic', 'image/heif', 'image/jxl'])

/** Preview, thumbnail and thumbhash of any picture or video; throws PermanentError for what is none. */
export async function renderMedia(media: Media, tools: Tools): Promise<Rendered> {
  const { format } = media
  if (format.kind === 'other') throw notMedia(format)
  try {
    return await orOnceMore(() => render(media, tools))
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof DecoderDiedError)) throw error
    throw await explainFailure(error, media)
  }
}

/** A decoder may have died because the machine was full. If it dies twice, the file is at fault. */
async function orOnceMore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DecoderDiedError)) throw error
    return await work()
  }
}

async function render(media: Media, tools: Tools): Promise<Rendered> {
  let made: ReturnType<TempFolder['newFolder']> | undefined
  const folder = async () => {
    made ??= tools.temp.newFolder()
    return (await made).path
  }
  try {
    const { pixels, size } = await decode({ ...media, ...tools, folder })
    using decoded = pixels
    tools.signal.throwIfAborted()
    return { products: await encodeProducts(decoded), size }
  } finally {
    await (await made)?.[Symbol.asyncDispose]()
  }
}

async function decode(work: Work): Promise<Decoded> {
  const { format } = work
  if (format.kind === 'video') return await decodeVideo(work, format.demuxer)
  if (format.kind === 'raw' || format.kind === 'tiff') return await decodeRaw(work)
  const mimeType = format.kind === 'other' ? '' : format.mimeType
  const decoders = format.kind === 'plain' ? await plainDecoders(work) : foreignDecoders(mimeType)
  return await firstOf(decoders.map((decoder) => () => decoder(work, mimeType)))
}

type Decoder = (work: Work, mimeType: string) => Promise<Decoded>

/** Formats that are decoded line by line, if they are not progressive. The others need all pixels in memory at once. */
const BY_LINES = new Set<string | undefined>(['jpeg', 'png', 'svg'])
const IN_PROCESS_MAX_PIXELS = 100_000_000

/** A picture that would fill this process' memory is decoded where memory has a limit of its own. */
async function plainDecoders({ path }: Work): Promise<Decoder[]> {
  const header = await readImageHeader(path).catch(() => undefined)
  const pixels = header ? header.width * header.height : 0
  const isWhole = header && (header.isProgressive || !BY_LINES.has(header.format))
  return isWhole && pixels > IN_PROCESS_MAX_PIXELS ? [withVips] : [withSharp, withFfmpeg]
}

function foreignDecoders(mimeType: string): Decoder[] {
  return VIPS_FIRST.has(mimeType) ? [withVips, withFfmpeg] : [withFfmpeg, withVips]
}

/** The first that succeeds. When none does, the first one's reason counts: it knew the format best. */
async function firstOf<T>(attempts: (() => Promise<T>)[]): Promise<T> {
  let reason: unknown
  for (const attempt of attempts) {
    try {
      return await attempt()
    } catch (error) {
      const mayGoOn = error instanceof DecodeError && !(error instanceof TooManyPixelsError)
      if (!mayGoOn) throw error
      reason ??= error
    }
  }
  throw reason
}

const withSize = (pixels: DecodedImage): Decoded => ({ pixels, size: pixels.originalSize })

async function withSharp({ path }: Work): Promise<Decoded> {
  return withSize(await decodeImage({ input: path, rotation: 'exif' }))
}

/** HEIF and JPEG XL are turned by their decoders: their EXIF tag would turn them again. */
async function withVips({ path, format, folder, signal }: Work): Promise<Decoded> {
  const { decodedPath, size } = await decodeWithVips({ path, folder: await folder(), signal })
  const header =
    format.kind === 'plain' ? await readImageHeader(path).catch(() => undefined) : undefined
  const rotation = header?.format === 'heif' ? 'none' : rotationOf(header?.orientation)
  const pixels = await decodeImage({ input: decodedPath, rotation })
  return { pixels, size: turn(size, rotation) }
}

function turn(size: Size, rotation: ImageSource['rotation']): Size {
  const isTurned = typeof rotation === 'number' && rotation >= 5
  return isTurned ? { width: size.height, height: size.width } : size
}

async function withFfmpeg({ path, folder, signal }: Work, mimeType: string): Promise<Decoded> {
  const codec = FFMPEG_CODECS[mimeType]
  if (!codec) throw new DecodeError(`ffmpeg is not asked for ${mimeType}`)
  const header = await readImageHeader(path).catch(() => undefined)
  const decodedPath = await decodeImageWithFfmpeg({ path, folder: await folder(), codec, signal })
  const rotation = rotationOf(header?.orientation)
  const pixels = await decodeImage({ input: decodedPath, rotation })
  // The decoded picture is at most as large as a preview; the header knows the size before.
  if (!header) return { pixels, size: undefined }
  const { width, height } = header
  return { pixels, size: turn({ width, height }, rotation) }
}

function rotationOf(orientation: number | undefined): ImageSource['rotation'] {
  const isTag = orientation !== undefined && orientation >= 1 && orientation <= 8
  return isTag ? (orientation as ImageSource['rotation']) : 'none' // the range is what the type says
}

/**
 * A camera's RAW is mostly a TIFF whose first picture is tiny, beside a JPEG that the camera made. A TIFF from elsewhere
 * is itself the larger of the two; where its pixels are JPEG, what exiftool takes for a preview may be a part of them.
 */
async function decodeRaw({ path, exiftool }: Work): Promise<Decoded> {
  const [own, preview] = await Promise.all([
    readImageHeader(path).catch(() => undefined),
    exiftool.readLargestPreview(path).catch(() => undefined),
  ])
  const embedded = preview && (await readImageHeader(preview.jpeg).catch(() => undefined))
  const pixelsOf = (size: Size | undefined) => (size ? size.width * size.height : 0)
  const decodeOwn = async () => {
    if (!own) throw new DecodeError('no preview inside')
    return withSize(await decodeImage({ input: path, rotation: 'exif' }))
  }
  if (!preview || !embedded || pixelsOf(embedded) < pixelsOf(own)) return await decodeOwn()
  const decodePreview = async () => {
    const rotation = embedded.orientation ? 'exif' : rotationOf(preview.orientation)
    const pixels = await decodeImage({ input: preview.jpeg, rotation })
    return { pixels, size: undefined }
  }
  return await firstOf([decodePreview, decodeOwn])
}

const SAFE_SHARE = 0.8

async function decodeVideo(
  { path, folder, signal, readableShare }: Work,
  demuxer: string,
): Promise<Decoded> {
  const facts = await probeVideo({ path, demuxer, signal })
  const readableSeconds =
    readableShare < 1 && facts.durationMs
      ? (facts.durationMs / 1000) * readableShare * SAFE_SHARE
      : Number.POSITIVE_INFINITY
  const frame = await extractPoster({
    path,
    folder: await folder(),
    demuxer,
    facts,
    readableSeconds,
    signal,
  })
  const pixels = await decodeImage({ input: frame, rotation: 'none' })
  return { pixels, size: { width: facts.width, height: facts.height } }
}
