const APPLE = Buffer.from('Apple iOS\0\0\x01MM', 'latin1')
const ASCII = 2
const UNDEFINED = 7
const LONG = 4

type Entry = { tag: number; type: number; count: number; value: Buffer }

/** An image file directory of big-endian EXIF whose values follow it; `start` is its place in its own block. */
function directory(entries: Entry[], start: number): Buffer {
  const head = Buffer.alloc(2 + entries.length * 12 + 4)
  head.writeUInt16BE(entries.length, 0)
  const values: Buffer[] = []
  let valueAt = start + head.length
  for (const [index, { tag, type, count, value }] of entries.entries()) {
    const at = 2 + index * 12
    head.writeUInt16BE(tag, at)
    head.writeUInt16BE(type, at + 2)
    head.writeUInt32BE(count, at + 4)
    if (value.length <= 4) {
      value.copy(head, at + 8)
      continue
    }
    head.writeUInt32BE(valueAt, at + 8)
    values.push(value)
    valueAt += value.length
  }
  return Buffer.concat([head, ...values])
}

const number = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** The same JPEG with the mark by which an iPhone joins the halves of a live photo. */
export function withContentIdentifier(jpeg: Buffer, identifier: string): Buffer {
  const text = Buffer.from(`${identifier}\0`, 'latin1')
  const mark = { tag: 0x11, type: ASCII, count: text.length, value: text }
  const makerNote = Buffer.concat([APPLE, directory([mark], APPLE.length)])
  const header = Buffer.from('MM\0*\0\0\0\x08', 'latin1')
  const make = Buffer.from('Apple\0', 'latin1')
  const first = (exifAt: number) =>
    directory(
      [
        { tag: 0x10f, type: ASCII, count: make.length, value: make },
        { tag: 0x8769, type: LONG, count: 1, value: number(exifAt) },
      ],
      header.length,
    )
  const exifAt = header.length + first(0).length
  const note = { tag: 0x927c, type: UNDEFINED, count: makerNote.length, value: makerNote }
  const tiff = Buffer.concat([header, first(exifAt), directory([note], exifAt)])
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff])
  const marker = Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 0xff])
  return Buffer.concat([jpeg.subarray(0, 2), marker, body, jpeg.subarray(2)])
}
