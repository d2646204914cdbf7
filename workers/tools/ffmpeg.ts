import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ffmpeg, { type FfmpegCommand } from 'fluent-ffmpeg'
import { DecodeError, DecoderDiedError } from './decode-error.ts'
import type { VideoFacts } from './ffprobe.ts'
import { MAX_INPUT_PIXELS } from './sharp.ts'

const TIMEOUT_SECONDS = 120
const MEMORY_KIB = 4 * 1024 * 1024
const PREVIEW_EDGE_PX = 1440
/** Of so many key frames the poster is the one nearest to their average, hence neither black nor a blink. */
const POSTER_CANDIDATES = 8
/** How far into a video its poster is looked for. */
const POSTER_WITHIN_SECONDS = 20
const POSTER_WITHIN_AT_LEAST_SECONDS = 0.1
const HD_HEIGHT_PX = 720

/** Shorter side at most a preview's; square pixels (a `-1` would keep the shape of pixels that are not). */
const FIT = [
  `w='if(lt(iw*sar,ih),min(${PREVIEW_EDGE_PX},iw*sar),round(min(${PREVIEW_EDGE_PX},ih)*iw*sar/ih))'`,
  `h='if(lt(iw*sar,ih),round(min(${PREVIEW_EDGE_PX},iw*sar)*ih/(iw*sar)),min(${PREVIEW_EDGE_PX},ih))'`,
].join(':')

/** HDR to what an ordinary screen shows; scaled first, since tone mapping is the dear part. */
const TONE_MAP = [
  'zscale=t=linear:npl=100',
  'format=gbrpf32le',
  'zscale=p=bt709',
  'tonemap=hable:desat=0',
  'zscale=t=bt709:m=bt709:r=tv',
  'format=yuv420p',
]

type Input = {
  path: string
  /** A folder of this job's own; it takes the output. */
  folder: string
  signal?: AbortSignal | undefined
}

/**
 * A frame near the start that stands for the video, upright and uncompressed. Answers with its path. What comes after
 * `readableSeconds` is not there to be read.
 */
export async function extractPoster(
  input: Input & { demuxer: string; facts: VideoFacts; readableSeconds: number },
): Promise<string> {
  const { facts, readableSeconds } = input
  const isUntaggedHd = !facts.hasColorMatrix && facts.height >= HD_HEIGHT_PX
  const filters = [
    `scale=${FIT}${isUntaggedHd ? ':in_color_matrix=bt709' : ''}`,
    'setsar=1',
    `thumbnail=n=${POSTER_CANDIDATES}`,
    ...(facts.isHdr ? TONE_MAP : []),
  ]
  const seconds = Math.min(POSTER_WITHIN_SECONDS, readableSeconds)
  const within = String(Math.max(POSTER_WITHIN_AT_LEAST_SECONDS, seconds))
  const seek = ['-skip_frame', 'nokey', '-t', within]
  return await decodeFrame(input, { before: ['-f', input.demuxer, ...seek], filters })
}

/**
 * A picture that other decoders refuse, such as a torn JPEG, or do not know. Never for HEIC: ffmpeg shows one tile of
 * it, or its grey gain map. Answers with the path of an uncompressed picture.
 */
export async function decodeImageWithFfmpeg(input: Input & { codec: string }): Promise<string> {
  const before = ['-noautorotate', '-f', 'image2', '-pattern_type', 'none', '-c:v', input.codec]
  return await decodeFrame(input, { before, filters: [`scale=${FIT}`, 'setsar=1'] })
}

async function decodeFrame(
  { path, folder, signal }: Input,
  { before, filters }: { before: string[]; filters: string[] },
): Promise<string> {
  signal?.throwIfAborted()
  const framePath = join(folder, 'frame.tiff')
  const command = ffmpeg(path, { timeout: TIMEOUT_SECONDS })
    .setFfmpegPath(await writeLimitedFfmpeg(folder))
    .inputOptions(['-nostdin', '-protocol_whitelist', 'file', '-threads', '1'])
    // Else a frame that was found counts for nothing when most of the others are torn.
    .inputOptions(['-max_error_rate', '1'])
    .inputOptions(['-max_pixels', String(MAX_INPUT_PIXELS), ...before])
    .videoFilters(filters.join(','))
    .outputOptions(['-map', '0:v:0', '-an', '-frames:v', '1', '-threads', '1'])
    .outputOptions(['-pix_fmt', 'rgb24', '-c:v', 'tiff', '-compression_algo', 'raw'])
    .outputOptions(['-f', 'image2', '-update', '1'])
    .output(framePath)
  await run(command, signal)
  return framePath
}

/** fluent-ffmpeg starts a program by its path; this one sets the limits and becomes ffmpeg. */
async function writeLimitedFfmpeg(folder: string): Promise<string> {
  const path = join(folder, 'ffmpeg')
  const script = `#!/bin/sh\nulimit -v ${MEMORY_KIB} 2>/dev/null\nulimit -c 0\nexec ffmpeg "$@"\n`
  await writeFile(path, script)
  await chmod(path, 0o700)
  return path
}

async function run(command: FfmpegCommand, signal: AbortSignal | undefined): Promise<void> {
  const stop = () => command.kill('SIGKILL')
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      command
        .on('end', () => resolve())
        .on('error', (error: Error, _stdout: unknown, stderr: unknown) =>
          reject(translate(error, String(stderr ?? ''))),
        )
        .run()
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** The message alone holds only the last line; the reason stands above it in stderr. */
function translate(error: Error, stderr: string): Error {
  if (/timeout|was killed|Cannot allocate memory/i.test(`${error.message} ${stderr}`))
    return new DecoderDiedError(`ffmpeg: ${error.message}`, { cause: error })
  if (/cannot find ffmpeg|not found/i.test(error.message))
    return new Error('ffmpeg is not installed', { cause: error })
  return new DecodeError(stderr.trim().slice(-500) || error.message, { cause: error })
}
