import { asciiOf, type ByteReader, viewOf } from './byte-reader.ts'

export type Dimensions = { width: number; height: number }

const HEAD_BYTES = 64
/** More segments than any camera writes before the frame header. */
const MAX_JPEG_SEGMENTS = 200

/** Width and height as stored, from the headers of JPEG, PNG, GIF and WebP. */
export async function readDimensions(file: ByteReader): Promise<Dimensions | undefined> {
  const head = await file.read(0, HEAD_BYTES)
  if (head.length < 30) return undefined
  const view = viewOf(head)
  if (view.getUint16(0) === 0xffd8) return readJpeg(file)
  if (view.getUint32(0) === 0x89504e47 && asciiOf(head, 12, 16) === 'IHDR') {
    return sized(view.getUint32(16), view.getUint32(20))
  }
  if (asciiOf(head, 0, 4) === 'GIF8') return sized(view.getUint16(6, true), view.getUint16(8, true))
  if (asciiOf(head, 0, 4) === 'RIFF' && asciiOf(head, 8, 12) === 'WEBP') return sizeOfWebp(head)
  return undefined
}

async function readJpeg(file: ByteReader): Promise<Dimensions | undefined> {
  let position = 2
  for (let segment = 0; segment < MAX_JPEG_SEGMENTS; segment++) {
    const bytes = await file.read(position, position + 10)
    if (bytes.length < 10 || bytes[0] !== 0xff) return undefined
    const view = viewOf(bytes)
    const marker = view.getUint8(1)
    if (marker === 0xff) {
      position += 1
      continue
    }
    if (isFrameHeader(marker)) return sized(view.getUint16(7), view.getUint16(5))
    if (marker === 0xd9 || marker === 0xda) return undefined
    position += 2 + view.getUint16(2)
  }
  return undefined
}

/** SOF0 to SOF15, without DHT, JPG and DAC, which lie between them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
}

function sizeOfWebp(head: Uint8Array): Dimensions | undefined {
  const view = viewOf(head)
  const kind = asciiOf(head, 12, 16)
  if (kind === 'VP8X') {
    const at = (offset: number) =>
      1 + view.getUint16(offset, true) + (view.getUint8(offset + 2) << 16)
    return sized(at(24), at(27))
  }
  if (kind === 'VP8L') {
    const bits = view.getUint32(21, true)
    return sized(1 + (bits & 0x3fff), 1 + ((bits >> 14) & 0x3fff))
  }
  if (kind === 'VP8 ') {
    return sized(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff)
  }
  return undefined
}

function sized(width: number, height: number): Dimensions | undefined {
  return width > 0 && height > 0 ? { width, height } : undefined
}
