import { open, stat } from 'node:fs/promises'
import { PermanentError } from '#contracts/errors.ts'
import { DecoderDiedError, TooManyPixelsError } from '#workers/tools/decode-error.ts'
import type { MediaFormat } from '#workers/tools/media-format.ts'
import { MAX_INPUT_PIXELS } from '#workers/tools/sharp.ts'

export const MISSING_ORIGINAL = 'The file is missing from the store.'

const JPEG_END = 'ffd9'
const JPEG_TAIL_BYTES = 64 * 1024
const SPEAKS_OF_THE_END = /premature end|truncated|moov atom not found|end of file|unexpected end/i

/** For bytes that are no picture and no video. */
export function notMedia({ description }: { description: string }): PermanentError {
  if (description === 'an empty file') return new PermanentError('The file is empty.')
  const looks = description === 'unknown bytes' ? '' : ` (it looks like ${description})`
  return new PermanentError(`This is not an image or video that Tintype can read${looks}.`)
}

type Failed = { path: string; format: MediaFormat }

/** Says in words for the owner why no decoder could read the file. */
export async function explainFailure(error: unknown, { path, format }: Failed) {
  return new PermanentError(await reasonOf(error, { path, format }), { cause: error })
}

async function reasonOf(error: unknown, { path, format }: Failed): Promise<string> {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof TooManyPixelsError)
    return `The picture has ${Math.round(error.megapixels)} megapixels; Tintype reads up to ${MAX_INPUT_PIXELS / 1e6}.`
  if (error instanceof DecoderDiedError)
    return 'Reading this file took more time or memory than the server allows.'
  if (SPEAKS_OF_THE_END.test(message) || (await isTornJpeg(path, format)))
    return 'The file ends in the middle: the rest of it is missing.'
  if (format.kind === 'raw')
    return 'This RAW file holds no preview picture, and Tintype cannot develop RAW files itself.'
  if (format.kind === 'video') return 'The video is damaged or holds no picture that can be shown.'
  return 'The file is damaged: no decoder can read it.'
}

/** A JPEG that has no end mark near its end. */
async function isTornJpeg(path: string, format: MediaFormat): Promise<boolean> {
  if (format.kind !== 'plain' || format.mimeType !== 'image/jpeg') return false
  const { size } = await stat(path)
  await using file = await open(path)
  const start = Math.max(0, size - JPEG_TAIL_BYTES)
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(JPEG_TAIL_BYTES),
    0,
    JPEG_TAIL_BYTES,
    start,
  )
  return !buffer.subarray(0, bytesRead).includes(Buffer.from(JPEG_END, 'hex'))
}
