import type { Tags } from 'exiftool-vendored'
import type { Log } from '#workers/runtime/log.ts'
import { DecodeError, DecoderDiedError } from '#workers/tools/decode-error.ts'
import { readTagsWithExifr } from '#workers/tools/exifr.ts'
import type { Exiftool } from '#workers/tools/exiftool.ts'
import { probeVideo, type VideoFacts } from '#workers/tools/ffprobe.ts'
import type { MediaFormat } from '#workers/tools/media-format.ts'
import { type MediaMetadata, metadataOf } from '#workers/tools/media-metadata.ts'
import { readShownSize, type Size } from '#workers/tools/sharp.ts'

type Sources = { path: string; sidecarPath: string | undefined; format: MediaFormat }
type Tools = { exiftool: Exiftool; log: Log; signal: AbortSignal }

export type MediaFacts = {
  metadata: MediaMetadata
  /** As shown. */
  size: Size | undefined
  durationMs: number | null
}

/** All that a file, and the sidecar that came with it, say about the picture. */
export async function readMedia(sources: Sources, tools: Tools): Promise<MediaFacts> {
  const { path, sidecarPath, format } = sources
  const tags = await readTags(path, tools)
  const sidecarTags = sidecarPath ? await readTags(sidecarPath, tools) : undefined
  const metadata = metadataOf(tags, sidecarTags)
  if (format.kind === 'video') {
    const facts = await probe({ path, demuxer: format.demuxer }, tools)
    return {
      metadata: ofVideo(metadata, facts),
      size: facts,
      durationMs: facts?.durationMs ?? null,
    }
  }
  return { metadata, size: await sizeOf(path, format, metadata), durationMs: null }
}

async function readTags(path: string, { exiftool, log }: Tools): Promise<Tags> {
  try {
    return await exiftool.readTags(path)
  } catch (error) {
    log.warn({ err: error }, 'exiftool failed, exifr reads what it can')
    return (await readTagsWithExifr(path).catch(() => undefined)) ?? ({} as Tags)
  }
}

/** A video that ffprobe refuses still has its date; the thumbnail job says what is wrong with it. */
async function probe(
  video: { path: string; demuxer: string },
  { log, signal }: Tools,
): Promise<VideoFacts | undefined> {
  try {
    return await probeVideo({ ...video, signal })
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof DecoderDiedError)) throw error
    log.warn({ err: error }, 'ffprobe cannot read this video')
    return undefined
  }
}

/** EXIF's orientation for each clockwise turn. */
const ORIENTATION_OF_TURN = { 0: '1', 90: '6', 180: '3', 270: '8' } as const

function ofVideo(metadata: MediaMetadata, facts: VideoFacts | undefined): MediaMetadata {
  if (!facts) return metadata
  return {
    ...metadata,
    orientation: ORIENTATION_OF_TURN[facts.rotation],
    fps: facts.fps ?? metadata.fps,
  }
}

/** The decoder's word counts before exiftool's, which gives HEIC's size before it is turned. */
async function sizeOf(path: string, format: MediaFormat, metadata: MediaMetadata) {
  if (format.kind === 'plain' || isHeif(format)) {
    const size = await readShownSize({ input: path, rotation: 'exif' }).catch(() => undefined)
    if (size) return size
  }
  const { width, height, orientation } = metadata
  if (!width || !height) return undefined
  // Other decoders turn a picture themselves, or not at all.
  const isTurned = format.kind !== 'foreign' && Number(orientation) >= 5
  return isTurned ? { width: height, height: width } : { width, height }
}

function isHeif(format: MediaFormat): boolean {
  return format.kind === 'foreign' && /^image\/hei[cf]$/.test(format.mimeType)
}
