import { type BinaryField, ExifTool, type Tags } from 'exiftool-vendored'

const TASK_TIMEOUT_MS = 60_000
/** An idle Perl holds some 40 MB; a new one starts in a third of a second. */
const IDLE_MS = 60_000
const FILES_PER_PROCESS = 2_000

/** Largest first wins, so the order matters only between equals. */
const PREVIEW_TAGS = ['JpgFromRaw', 'PreviewImage', 'OtherImage', 'ThumbnailImage'] as const

export type RawPreview = {
  jpeg: Buffer
  /** EXIF's orientation of the RAW file, for previews without one of their own. */
  orientation: number
}

export type Exiftool = {
  /** What the file says of itself. Unreadable files give `errors` among the tags; throws when exiftool itself fails. */
  readTags(path: string): Promise<Tags>
  /** The largest JPEG that a camera put into its RAW file. */
  readLargestPreview(path: string): Promise<RawPreview | undefined>
  close(): Promise<void>
}

/** A few long-lived exiftool processes; one that dies or hangs is replaced, and its task tried once more. */
export function createExiftool({ maxProcesses }: { maxProcesses: number }): Exiftool {
  const exiftool = new ExifTool({
    maxProcs: maxProcesses,
    maxTasksPerProcess: FILES_PER_PROCESS,
    taskTimeoutMillis: TASK_TIMEOUT_MS,
    maxIdleMsPerProcess: IDLE_MS,
    onIdleIntervalMillis: IDLE_MS / 2,
    exiftoolEnv: { TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    useMWG: false,
    // Dates and permissions of the temporary file say nothing about the picture.
    readArgs: ['-fast', '--System:all'],
  })
  return {
    readTags: (path) => exiftool.read(path),

    async readLargestPreview(path) {
      const tags = await exiftool.read(path)
      const [largest] = PREVIEW_TAGS.flatMap((tag) => {
        const size = sizeOfBinary(tags[tag])
        return size > 0 ? [{ tag, size }] : []
      }).sort((a, b) => b.size - a.size)
      if (!largest) return undefined
      const jpeg = await exiftool.extractBinaryTagToBuffer(largest.tag, path)
      return { jpeg, orientation: Number(tags.Orientation ?? 1) }
    },

    close: () => exiftool.end(),
  }
}

function sizeOfBinary(field: BinaryField | string | undefined): number {
  if (field === undefined) return 0
  if (typeof field !== 'string') return field.bytes ?? 0
  return Number(/(\d+) bytes/.exec(field)?.[1] ?? 0)
}
