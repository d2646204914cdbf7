import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { cacheFolder } from '#stack/paths.ts'

const WIDTH = 4032
const HEIGHT = 3024
const BASES = 20
/** Gives some 2 MB each, like a phone's. */
const NOISE_SIGMA = 24
const QUALITY = 82
const JPEG_START_BYTES = 2
const COMMENT_MARKER = 0xfffe

/** JPEGs of 12 megapixels, no two alike, made once and kept beside the stack's other caches. */
export async function makePictures(count: number): Promise<{ folder: string; paths: string[] }> {
  const folder = join(cacheFolder, 'bench', `jpeg-12mp-${count}`)
  await mkdir(folder, { recursive: true })
  const names = Array.from(
    { length: count },
    (_, index) => `IMG_${String(index).padStart(4, '0')}.jpg`,
  )
  const present = new Set(await readdir(folder))
  if (!names.every((name) => present.has(name))) await writePictures(folder, names)
  return { folder, paths: names.map((name) => join(folder, name)) }
}

async function writePictures(folder: string, names: string[]) {
  console.log(`  making ${names.length} pictures in ${folder}`)
  for (let base = 0; base < Math.min(BASES, names.length); base += 1) {
    const bytes = await makePicture(base)
    const own = names.filter((_, index) => index % BASES === base)
    for (const name of own) await writeFile(join(folder, name), withComment(bytes, name))
  }
}

/** A lit gradient, soft shapes, and the grain of a sensor. */
async function makePicture(seed: number): Promise<Buffer> {
  const hue = (seed * 47) % 360
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
    <defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl(${hue},60%,30%)"/>
    <stop offset="1" stop-color="hsl(${(hue + 90) % 360},60%,70%)"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#g)"/>
    ${Array.from({ length: 60 }, (_, n) => shape(seed * 100 + n)).join('')}</svg>`
  const grain = await sharp({
    create: {
      width: WIDTH,
      height: HEIGHT,
      channels: 3,
      background: '#808080',
      noise: { type: 'gaussian', mean: 128, sigma: NOISE_SIGMA },
    },
  })
    .png({ compressionLevel: 1 })
    .toBuffer()
  const taken = `2024:${pad((seed % 12) + 1)}:${pad((seed % 27) + 1)} 12:34:56`
  return await sharp(Buffer.from(svg))
    .flatten()
    .composite([{ input: grain, blend: 'soft-light' }])
    .jpeg({ quality: QUALITY })
    .withExif({
      IFD0: { Make: 'Tintype', Model: 'Bench', Orientation: '1' },
      IFD2: { DateTimeOriginal: taken, OffsetTimeOriginal: '+02:00', FNumber: '18/10' },
      IFD3: {
        GPSLatitude: '48/1 8/1 0/1',
        GPSLatitudeRef: 'N',
        GPSLongitude: '11/1 34/1 0/1',
        GPSLongitudeRef: 'E',
      },
    })
    .toBuffer()
}

const pad = (value: number) => String(value).padStart(2, '0')

function shape(seed: number): string {
  const at = (factor: number, range: number) =>
    Math.round((Math.sin(seed * factor) * 0.5 + 0.5) * range)
  const fill = `hsl(${at(3.1, 360)},${at(1.7, 70)}%,${at(2.3, 90)}%)`
  return `<ellipse cx="${at(12.9, WIDTH)}" cy="${at(78.2, HEIGHT)}" rx="${at(5.3, 400) + 20}" ry="${at(7.7, 300) + 20}" fill="${fill}" opacity="0.6"/>`
}

/** Another checksum, the same pixels. */
function withComment(jpeg: Buffer, text: string): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt16BE(COMMENT_MARKER, 0)
  header.writeUInt16BE(text.length + 2, 2)
  const [start, rest] = [jpeg.subarray(0, JPEG_START_BYTES), jpeg.subarray(JPEG_START_BYTES)]
  return Buffer.concat([start, header, Buffer.from(text), rest])
}

export async function totalBytes(paths: string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
