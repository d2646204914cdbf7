import { open } from 'node:fs/promises'
import { fileTypeFromBuffer, fileTypeFromFile } from 'file-type'

/**
 * What the bytes are, whatever the file is called.
 * - plain: sharp reads it in this process
 * - foreign: needs another decoder, in a child process
 * - tiff: a picture of its own or the shell around a camera's RAW
 * - raw: a camera's RAW
 */
export type MediaFormat =
  | { kind: 'plain' | 'foreign' | 'tiff' | 'raw'; mimeType: string }
  | { kind: 'video'; mimeType: string; demuxer: string }
  | { kind: 'other'; description: string }

const PLAIN = new Set([
  'image/jpeg',
  'image/png',
  'image/apng',
  'image/webp',
  'image/gif',
  'image/avif',
])
const FOREIGN = new Set([
  'image/heic',
  'image/heif',
  'image/jxl',
  'image/jp2',
  'image/jpx',
  'image/jpm',
  'image/j2c',
  'image/bmp',
  'image/vnd.adobe.photoshop',
])
const RAW = new Set([
  'image/x-adobe-dng',
  'image/x-canon-cr2',
  'image/x-canon-cr3',
  'image/x-fujifilm-raf',
  'image/x-nikon-nef',
  'image/x-olympus-orf',
  'image/x-panasonic-rw2',
  'image/x-sony-arw',
])
/** ffmpeg is told the container, so that no file makes it guess one that opens other files or the network. */
const DEMUXERS = new Map([
  ['video/mp4', 'mov'],
  ['video/x-m4v', 'mov'],
  ['video/quicktime', 'mov'],
  ['video/3gpp', 'mov'],
  ['video/3gpp2', 'mov'],
  ['video/webm', 'matroska'],
  ['video/matroska', 'matroska'],
  ['video/x-matroska', 'matroska'],
  ['video/vnd.avi', 'avi'],
  ['video/x-msvideo', 'avi'],
  ['video/mp2t', 'mpegts'],
  ['video/MP1S', 'mpeg'],
  ['video/MP2P', 'mpeg'],
  ['video/mpeg', 'mpegvideo'],
  ['video/x-flv', 'flv'],
  ['video/x-ms-asf', 'asf'],
  ['video/x-ms-wmv', 'asf'],
  ['application/mxf', 'mxf'],
  ['video/ogg', 'ogg'],
])
export const HEAD_BYTES = 4096

export async function formatOfFile(path: string): Promise<MediaFormat> {
  const head = await readHead(path)
  if (head.byteLength === 0) return { kind: 'other', description: 'an empty file' }
  const byText = formatOfText(head)
  if (byText) return byText
  const byHead = await fileTypeFromBuffer(head)
  // Some signatures lie further on, and so does what tells a RAW file from its TIFF shell.
  const found = byHead && byHead.mime !== 'image/tiff' ? byHead : await fileTypeFromFile(path)
  return found ? formatOfMime(found.mime) : formatOfUnnamed(head)
}

/** As far as a file's first bytes tell. */
export async function formatOfHead(head: Buffer): Promise<MediaFormat> {
  const byText = formatOfText(head)
  if (byText) return byText
  const found = await fileTypeFromBuffer(head)
  return found ? formatOfMime(found.mime) : formatOfUnnamed(head)
}

async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
  return buffer.subarray(0, bytesRead)
}

function formatOfMime(mime: string): MediaFormat {
  if (PLAIN.has(mime)) return { kind: 'plain', mimeType: mime }
  if (FOREIGN.has(mime)) return { kind: 'foreign', mimeType: mime }
  if (RAW.has(mime)) return { kind: 'raw', mimeType: mime }
  if (mime === 'image/tiff') return { kind: 'tiff', mimeType: mime }
  const demuxer = DEMUXERS.get(mime)
  if (demuxer) return { kind: 'video', mimeType: mime, demuxer }
  return { kind: 'other', description: describeMime(mime) }
}

/** What file-type has no signature for, and cameras still write. */
function formatOfUnnamed(head: Buffer): MediaFormat {
  const starts = (text: string) => head.subarray(0, text.length).toString('latin1') === text
  if (starts('FOVb')) return { kind: 'raw', mimeType: 'image/x-sigma-x3f' }
  if (starts('\0MRM')) return { kind: 'raw', mimeType: 'image/x-minolta-mrw' }
  if (head.subarray(6, 14).toString('latin1') === 'HEAPCCDR')
    return { kind: 'raw', mimeType: 'image/x-canon-crw' }
  return { kind: 'other', description: 'unknown bytes' }
}

function formatOfText(head: Buffer): MediaFormat | undefined {
  if (head.includes(0)) return undefined
  const text = new TextDecoder('utf-8').decode(head)
  const isMarkup = /^\s*</.test(text)
  if (isMarkup && /<svg[\s>]/i.test(text)) return { kind: 'plain', mimeType: 'image/svg+xml' }
  // A character cut at the end of the head decodes as one replacement.
  const unreadable =
    text.match(/[\p{Cc}\uFFFD]/gu)?.filter((c) => !/[\t\n\r\f]/.test(c)).length ?? 0
  if (unreadable > 1) return undefined
  return { kind: 'other', description: isMarkup ? 'a web page or XML' : 'text' }
}

function describeMime(mime: string): string {
  if (mime.startsWith('audio/')) return 'a sound file'
  if (mime === 'application/pdf') return 'a PDF'
  if (/zip|rar|7z|gzip|tar|compress/.test(mime)) return 'an archive'
  if (mime.startsWith('text/') || mime === 'application/xml') return 'text'
  return mime
}
