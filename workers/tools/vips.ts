import { join } from 'node:path'
import { DecodeError, TooManyPixelsError } from './decode-error.ts'
import { ChildFailedError, runChild } from './run-child.ts'
import { MAX_INPUT_PIXELS, type Size } from './sharp.ts'

const LIMITS = { timeoutMs: 60_000, memoryBytes: 3 * 1024 ** 3 }
const PREVIEW_EDGE_PX = 1440

type Input = { path: string; folder: string; signal?: AbortSignal | undefined }

/**
 * Decodes what sharp's own libvips cannot (HEIC, JPEG XL) with the system's, in a child process.
 * The picture lies uncompressed, turned as its decoder does it, at most as large as a preview, in the file whose path it answers with.
 */
export async function decodeWithVips({ path, folder, signal }: Input) {
  const size = await readSizeWithVips({ path, folder, signal })
  const shorter = Math.min(size.width, size.height)
  const scale = Math.min(1, PREVIEW_EDGE_PX / shorter)
  const box = `${Math.round(size.width * scale)}x${Math.round(size.height * scale)}>`
  const decodedPath = join(folder, 'decoded.v')
  const args = [path, '--size', box, '--no-rotate', '--output', decodedPath]
  await tryChild('vipsthumbnail', args, signal)
  return { decodedPath, size }
}

/** The size as shown; refuses what is larger than any decoder should be asked for. */
export async function readSizeWithVips({ path, signal }: Input): Promise<Size> {
  const width = await readField('width', path, signal)
  const height = await readField('height', path, signal)
  if (width * height > MAX_INPUT_PIXELS) throw new TooManyPixelsError((width * height) / 1e6)
  return { width, height }
}

async function readField(field: string, path: string, signal: AbortSignal | undefined) {
  const value = Number((await tryChild('vipsheader', ['-f', field, path], signal)).toString('utf8'))
  if (!Number.isSafeInteger(value) || value < 1) throw new DecodeError(`no ${field} in the header`)
  return value
}

async function tryChild(command: string, args: string[], signal: AbortSignal | undefined) {
  try {
    return await runChild({ command, args, limits: LIMITS, signal })
  } catch (error) {
    if (error instanceof ChildFailedError) throw new DecodeError(error.message, { cause: error })
    throw error
  }
}
