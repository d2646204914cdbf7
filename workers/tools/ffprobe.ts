import { z } from 'zod'
import { DecodeError } from './decode-error.ts'
import { ChildFailedError, runChild } from './run-child.ts'

const LIMITS = { timeoutMs: 60_000, memoryBytes: 2 * 1024 ** 3 }

const Rotation = z.object({ rotation: z.number().optional() })
const Stream = z.object({
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  sample_aspect_ratio: z.string().optional(),
  color_transfer: z.string().optional(),
  color_space: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  duration: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  side_data_list: z.array(Rotation).optional(),
  disposition: z.object({ attached_pic: z.number().optional() }).optional(),
})
const Answer = z.object({
  streams: z.array(Stream).default([]),
  format: z.object({ duration: z.string().optional() }).default({}),
})

export type VideoFacts = {
  /** As shown: after rotation, with square pixels. */
  width: number
  height: number
  /** Clockwise turn that shows it upright. */
  rotation: 0 | 90 | 180 | 270
  durationMs: number | null
  fps: number | null
  videoCodec: string | null
  audioCodec: string | null
  /** HDR by its transfer curve: shown untreated it looks grey. */
  isHdr: boolean
  hasColorMatrix: boolean
}

const HDR_TRANSFERS = new Set(['smpte2084', 'arib-std-b67'])

/** Reads a video's streams. The container is given, so that ffmpeg opens nothing but this file. */
export async function probeVideo({
  path,
  demuxer,
  signal,
}: {
  path: string
  demuxer: string
  signal?: AbortSignal | undefined
}): Promise<VideoFacts> {
  const args = ['-v', 'error', '-protocol_whitelist', 'file', '-f', demuxer, '-of', 'json']
  const shown = ['-show_streams', '-show_format', '-i', path]
  const answer = await ask([...args, ...shown], signal)
  const video = answer.streams.find(
    (stream) => stream.codec_type === 'video' && !stream.disposition?.attached_pic,
  )
  if (!video?.width || !video.height) throw new DecodeError('the container holds no video')
  const rotation = rotationOf(video)
  const isTurned = rotation === 90 || rotation === 270
  const width = Math.round(video.width * aspectOf(video.sample_aspect_ratio))
  const duration = Number(answer.format.duration ?? video.duration)
  return {
    width: isTurned ? video.height : width,
    height: isTurned ? width : video.height,
    rotation,
    durationMs: Number.isFinite(duration) && duration > 0 ? Math.round(duration * 1000) : null,
    fps: ratioOf(video.avg_frame_rate, '/'),
    videoCodec: video.codec_name ?? null,
    audioCodec: answer.streams.find((stream) => stream.codec_type === 'audio')?.codec_name ?? null,
    isHdr: HDR_TRANSFERS.has(video.color_transfer ?? ''),
    hasColorMatrix: !['unknown', undefined].includes(video.color_space),
  }
}

async function ask(args: string[], signal: AbortSignal | undefined) {
  try {
    const output = await runChild({ command: 'ffprobe', args, limits: LIMITS, signal })
    return Answer.parse(JSON.parse(output.toString('utf8')))
  } catch (error) {
    if (error instanceof ChildFailedError) throw new DecodeError(error.stderr, { cause: error })
    throw error
  }
}

/** ffprobe counts counter-clockwise in side data, clockwise in the tag of old files. */
function rotationOf(video: z.infer<typeof Stream>): VideoFacts['rotation'] {
  const side = video.side_data_list?.find((each) => each.rotation !== undefined)?.rotation
  const clockwise = side === undefined ? Number(video.tags?.rotate ?? 0) : -side
  const turn = (((Math.round(clockwise / 90) * 90) % 360) + 360) % 360
  return turn === 90 || turn === 180 || turn === 270 ? turn : 0
}

function aspectOf(text: string | undefined): number {
  return ratioOf(text, ':') ?? 1
}

function ratioOf(text: string | undefined, separator: string): number | null {
  const [over, under] = (text ?? '').split(separator).map(Number)
  return over && under ? over / under : null
}
