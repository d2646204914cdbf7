import { crc32, deflateSync } from 'node:zlib'

function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(content.length)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/** A PNG of one bit a pixel, all alike: some hundred kilobytes that are gigabytes once decoded. */
export function makeBomb(edgePx: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(edgePx, 0)
  header.writeUInt32BE(edgePx, 4)
  header[8] = 1
  const rowBytes = 1 + Math.ceil(edgePx / 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(rowBytes * edgePx))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

export const HOSTILE_SVG =
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">
  <script>fetch('/api/users/me')</script>
  <image xlink:href="file:///etc/passwd" width="64" height="64"/>
  <rect width="64" height="64" fill="red" onload="alert(1)"/>
</svg>`)

/** The same bytes with some of their bits turned over, none of them in the first part. */
export function withFlippedBits(bytes: Buffer, { from, count }: { from: number; count: number }) {
  const flipped = Buffer.from(bytes)
  const step = Math.floor((flipped.length - from) / count)
  for (let at = from; at < flipped.length - 2; at += step) {
    flipped[at] = (flipped[at] ?? 0) ^ 0x55
  }
  return flipped
}
